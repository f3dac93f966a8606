"""How each peer is started and queried. Each is set up as its own documentation recommends for two cores."""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.payloads import Request

FOLDER = Path(__file__).parent
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Peer:
    """A server, and its request for one digit PNG.

    `command` starts a program of the peer's own environment. {port} in it is the port to listen on. `ready_path`
    answers 200 or 405 when the server is ready. `make_files` takes the port and two extra ports, and returns the texts
    of the files that the server needs in its folder, by name.
    """

    name: str
    title: str
    command: str
    ready_path: str
    make_request: Callable[[bytes], Request]
    python: str = ""  # makes its environment; the Python of this process if empty
    make_files: Callable[[int, list[int]], dict[str, str]] = lambda port, extra_ports: {}

    @property
    def requirements(self) -> Path:
        return FOLDER / "requirements" / f"{self.name}.txt"


def _make_raw_request(png: bytes) -> Request:
    return Request("/predict", png, "image/png")


def _use_json(path: str, make_body: Callable[[str], object]) -> Callable[[bytes], Request]:
    """A function that makes a request with a JSON body; `make_body` takes the PNG in base64."""

    def make_request(png: bytes) -> Request:
        return Request(path, json.dumps(make_body(base64.b64encode(png).decode())).encode(), "application/json")

    return make_request


def _make_form_request(png: bytes) -> Request:
    head = (
        b'--X\r\nContent-Disposition: form-data; name="image"; filename="digit.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    return Request("/predict", head + png + b"\r\n--X--\r\n", "multipart/form-data; boundary=X")


def _make_tensor_request(png: bytes) -> Request:
    """The PNG as a BYTES tensor [1,1] of the Open Inference Protocol, in binary."""
    blob = struct.pack("<I", len(png)) + png
    tensor = {
        "name": "image",
        "shape": [1, 1],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(blob)},
    }
    head = json.dumps({"inputs": [tensor]}).encode()
    return Request("/v2/models/digits/infer", head + blob, headers={"Inference-Header-Content-Length": str(len(head))})


def _make_mlserver_files(port: int, extra_ports: list[int]) -> dict[str, str]:
    grpc, metrics = extra_ports
    ports = {"http_port": port, "grpc_port": grpc, "metrics_port": metrics}
    settings = {"host": "127.0.0.1", "debug": False, "parallel_workers": 1, **ports}
    model = {"name": "digits", "implementation": "mlserver_app.Digits", "max_batch_size": 32, "max_batch_time": 0.005}
    return {"settings.json": json.dumps(settings), "model-settings.json": json.dumps(model)}


PEERS = (
    Peer(
        "naive",
        "Flask + gunicorn, no batching",
        "gunicorn -k gthread -w 2 --threads 16 -b 127.0.0.1:{port} flask_app:app",
        "/predict",
        _make_raw_request,
    ),
    Peer(
        "fast",
        "FastAPI + uvicorn, no batching",
        "uvicorn --workers 2 --port {port} --log-level error fastapi_app:app",
        "/predict",
        _make_raw_request,
    ),
    Peer(
        "lit",
        "LitServe, dynamic batching",
        "python -m litserve_app",
        "/health",
        _use_json("/predict", lambda image: {"image": image}),
    ),
    Peer(
        "bento",
        "BentoML, adaptive batching",
        "bentoml serve bentoml_app:Digits --host 127.0.0.1 --port {port}",
        "/readyz",
        _make_form_request,
    ),
    Peer(
        "ml",
        "MLServer, adaptive batching",
        "mlserver start .",
        "/v2/models/digits/ready",
        _use_json(
            "/v2/models/digits/infer",
            lambda image: {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [image]}]},
        ),
        make_files=_make_mlserver_files,
    ),
    Peer(
        "kserve",
        "KServe's Python server, no batching",
        "python -m kserve_app",
        "/v1/models/digits",
        _use_json("/v1/models/digits:predict", lambda image: {"instances": [{"image": {"b64": image}}]}),
    ),
    Peer(
        "triton",
        "PyTriton, dynamic batching",
        "python -m pytriton_app",
        "/v2/models/digits/ready",
        _make_tensor_request,
        python=SYSTEM_PYTHON,  # Triton's Python backend loads the system's libpython
    ),
)
