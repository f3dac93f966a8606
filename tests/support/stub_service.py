"""A small HTTP server that answers as the service does, and that can be told to fail."""

import io
import json
import threading
import time
from base64 import b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from multipart import parse_form_data

BAD = b"bad"  # an image that starts so cannot be read; any other one has its text as its label
INDEX = {
    "models": [
        {"model": "net", "version": 3, "at": "/predict/net"},
        {"model": "gan", "version": 4, "at": "/generate/gan"},
    ]
}


@dataclass
class Failure:
    """One answer that is not what was asked for. Status 0 closes the connection without an answer."""

    status: int
    message: str = "The service is busy."
    code: str = "overloaded"
    headers: dict[str, str] = field(default_factory=dict)


class StubService(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.failures: list[Failure] = []  # each is the answer to one request, before any other answer
        self.requests: list[tuple[str, int]] = []  # path, and number of images
        self.bodies: list[Any] = []  # of JSON requests
        self.authorizations: list[str | None] = []
        self.delay = 0.0  # seconds per answer
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def sent(self) -> int:
        """How many images have come, in all requests."""
        return sum(count for _, count in self.requests)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StubService

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.in_flight += 1
            self.server.most_in_flight = max(self.server.most_in_flight, self.server.in_flight)
            failure = self.server.failures.pop(0) if self.server.failures else None
        time.sleep(self.server.delay)
        images = self._read_images(body) if self.path.startswith("/predict") else []
        with self.server.lock:
            self.server.in_flight -= 1
            self.server.requests.append((self.path, len(images)))
            self.server.authorizations.append(self.headers["Authorization"])
        if failure:
            self._fail(failure)
        elif self.path.startswith("/predict"):
            self._predict(images)
        elif "/walk?" in self.path or self.path.startswith("/explain"):
            self._draw(body)
        elif self.path.startswith("/generate"):
            self._generate(json.loads(body or b"{}"))
        else:
            self._send(200, INDEX)

    def _read_images(self, body: bytes) -> list[bytes]:
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": self.headers["Content-Type"],
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        _, files = parse_form_data(environ)
        return [part.raw for part in files.getall("image")]

    def _predict(self, images: list[bytes]) -> None:
        for index, image in enumerate(images, 1):
            if image.startswith(BAD):
                title = "The image" if len(images) == 1 else f"Image {index} of {len(images)}"
                return self._fail(Failure(400, f"{title}: it cannot be read.", "bad_image"))
        rows = [
            {"label": image.decode(), "probability": 0.5, "probabilities": {image.decode(): 0.5}, "outlier_score": 0.1}
            for image in images
        ]
        return self._send(200, {"model": "net", "version": 3, "predictions": rows})

    def _draw(self, image: bytes) -> None:
        """An explanation, or bytes that name what was asked for."""
        if "format=json" in self.path:
            facts = {"model": "net", "version": 3, "label": image.decode(), "probability": 0.5}
            self._send(200, facts | {"map": [[0.5, 1.0]], "warnings": ["truncated"]})
        else:
            self._send(200, {"drawn": image.decode()})

    def _generate(self, wanted: dict[str, Any]) -> None:
        self.server.bodies.append(wanted)
        seeds = wanted.get("seeds") or [wanted.get("seed", 7) + index for index in range(wanted.get("count", 1))]
        facts = {"model": "gan", "version": 4, "seeds": seeds, "labels": ["7"] * len(seeds), "truncation": 1.0}
        images = [{"b64": b64encode(str(seed).encode()).decode()} for seed in seeds]
        self._send(200, facts | {"images": images})

    def _fail(self, failure: Failure) -> None:
        if not failure.status:
            self.close_connection = True
            return
        error = {"error": {"code": failure.code, "message": failure.message}}
        self._send(failure.status, error, failure.headers)

    def _send(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in ({"Content-Length": str(len(data))} | (headers or {})).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Not on the test's output."""
