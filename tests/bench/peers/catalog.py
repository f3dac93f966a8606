"""The peers: how each is started and asked. Each is set up as its own documentation recommends for two cores."""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.payloads import Ask

HERE = Path(__file__).parent
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Peer:
    """`command` names a program of the peer's own environment, {port} the port that it must listen on; `ready` is a
    path that answers 200 or 405 once it serves; `files` are what it wants in its folder, by its port and two more.
    """

    name: str
    title: str
    command: str
    ready: str
    ask: Callable[[bytes], Ask]
    python: str = ""  # to make its environment with; ours if none
    files: Callable[[int, list[int]], dict[str, str]] = lambda port, more: {}

    @property
    def requirements(self) -> Path:
        return HERE / "requirements" / f"{self.name}.txt"


def _raw(png: bytes) -> Ask:
    return Ask("/predict", png, "image/png")


def _json(path: str, body: Callable[[str], object]) -> Callable[[bytes], Ask]:
    """The PNG as base64 somewhere in a JSON body."""

    def ask(png: bytes) -> Ask:
        return Ask(path, json.dumps(body(base64.b64encode(png).decode())).encode(), "application/json")

    return ask


def _form(png: bytes) -> Ask:
    head = (
        b'--X\r\nContent-Disposition: form-data; name="image"; filename="digit.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    return Ask("/predict", head + png + b"\r\n--X--\r\n", "multipart/form-data; boundary=X")


def _tensor(png: bytes) -> Ask:
    """The PNG as a BYTES tensor [1,1] of the Open Inference Protocol, in binary."""
    blob = struct.pack("<I", len(png)) + png
    described = {
        "name": "image",
        "shape": [1, 1],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(blob)},
    }
    head = json.dumps({"inputs": [described]}).encode()
    return Ask("/v2/models/digits/infer", head + blob, headers={"Inference-Header-Content-Length": str(len(head))})


def _mlserver(port: int, more: list[int]) -> dict[str, str]:
    grpc, metrics = more
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
        _raw,
    ),
    Peer(
        "fast",
        "FastAPI + uvicorn, no batching",
        "uvicorn --workers 2 --port {port} --log-level error fastapi_app:app",
        "/predict",
        _raw,
    ),
    Peer(
        "lit",
        "LitServe, dynamic batching",
        "python -m litserve_app",
        "/health",
        _json("/predict", lambda image: {"image": image}),
    ),
    Peer(
        "bento",
        "BentoML, adaptive batching",
        "bentoml serve bentoml_app:Digits --host 127.0.0.1 --port {port}",
        "/readyz",
        _form,
    ),
    Peer(
        "ml",
        "MLServer, adaptive batching",
        "mlserver start .",
        "/v2/models/digits/ready",
        _json(
            "/v2/models/digits/infer",
            lambda image: {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": [image]}]},
        ),
        files=_mlserver,
    ),
    Peer(
        "kserve",
        "KServe's Python server, no batching",
        "python -m kserve_app",
        "/v1/models/digits",
        _json("/v1/models/digits:predict", lambda image: {"instances": [{"image": {"b64": image}}]}),
    ),
    Peer(
        "triton",
        "PyTriton, dynamic batching",
        "python -m pytriton_app",
        "/v2/models/digits/ready",
        _tensor,
        python=SYSTEM_PYTHON,  # Triton's Python backend loads the system's libpython
    ),
)
