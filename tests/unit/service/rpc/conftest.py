"""A gRPC server with a fake engine behind it, and clients of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient import grpc as triton
from tritonclient.grpc import service_pb2

from service.catalog import Catalog, Model, Signature, TensorSpec, Version
from service.errors import Overloaded
from service.ipc import wire
from service.settings import Settings
from tests.support.engine import EngineReply, FakeEngine, NoReply, echo, make_handler, make_reply
from tests.support.grpc_server import GrpcServer, run_grpc_server
from tests.unit.service.web.conftest import CATALOG as CLASSIFIERS

SERVICE = "inference.GRPCInferenceService"
DATATYPES = {
    "BOOL": ("?", "bool_contents", [[True, False], [False, True]]),
    "INT8": ("i1", "int_contents", [[-128, 127], [0, 1]]),
    "INT16": ("<i2", "int_contents", [[-(1 << 15), (1 << 15) - 1], [0, 1]]),
    "INT32": ("<i4", "int_contents", [[-(1 << 31), (1 << 31) - 1], [0, 1]]),
    "INT64": ("<i8", "int64_contents", [[-(1 << 63), (1 << 63) - 1], [0, 1]]),
    "UINT8": ("u1", "uint_contents", [[0, 255], [1, 2]]),
    "UINT16": ("<u2", "uint_contents", [[0, (1 << 16) - 1], [1, 2]]),
    "UINT32": ("<u4", "uint_contents", [[0, (1 << 32) - 1], [1, 2]]),
    "UINT64": ("<u8", "uint64_contents", [[0, (1 << 64) - 1], [1, 2]]),
    "FP16": ("<f2", "", [[-0.5, 65504.0], [1.0, float("inf")]]),
    "FP32": ("<f4", "fp32_contents", [[-0.5, 1e30], [1.0, float("nan")]]),
    "FP64": ("<f8", "fp64_contents", [[-0.5, 1e300], [1.0, 0.1]]),
    "BYTES": ("O", "bytes_contents", [[b"", b"\xff\x00"], [b"text", b"aGk="]]),
}
NAMES = {"BOOL": "bool", "BYTES": "string"}


def make_echo_model(datatype: str) -> Model:
    """A model that returns what it gets."""
    spec = TensorSpec("x", NAMES.get(datatype, datatype.lower().replace("fp", "float")), (-1, 2))
    return Model(datatype, {1: Version(1, "AVAILABLE", "", None, {"serving_default": Signature((spec,), (spec,))})})


SILENT, FULL = "silent", "full"  # models: one never answers, and the queue of the other is full
CATALOG = Catalog(
    1,
    CLASSIFIERS.models
    | {name: Model(name, CLASSIFIERS.models["echo"].versions) for name in (SILENT, FULL)}
    | {datatype: make_echo_model(datatype) for datatype in DATATYPES},
)
answer = make_handler(CATALOG)


def handle(call: wire.Call, arrays: dict[str, Any]) -> EngineReply:
    model = call.model if isinstance(call, wire.RunCall) else ""
    if model == SILENT:
        raise NoReply
    if model == FULL:
        return make_reply(wire.ErrorReply(1, Overloaded.code, "The queue is full; try again."))
    return echo(call, arrays) if model in DATATYPES else answer(call, arrays)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("r")
    return Settings(runtime_dir=folder, devices="cpu", max_images=8, max_body_bytes=1 << 20, access_log=1.0)


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[FakeEngine]:
    with FakeEngine(settings.engine_sockets[0], handle) as engine:
        yield engine


@pytest.fixture(scope="module")
def server(settings: Settings, engine: FakeEngine) -> Iterator[GrpcServer]:
    with run_grpc_server(settings) as server:
        yield server


@pytest.fixture
def client(server: GrpcServer) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(server.address) as client:
        yield client


@pytest.fixture
def channel(server: GrpcServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address, options=[("grpc.max_send_message_length", -1)]) as channel:
        yield channel


Infer = Callable[..., Any]


@pytest.fixture
def infer(channel: grpc.Channel) -> Infer:
    """Sends a ModelInferRequest, or bytes in its place."""
    call = channel.unary_unary(f"/{SERVICE}/ModelInfer")

    def infer(request: Any, **options: Any) -> Any:
        data = request if isinstance(request, bytes) else request.SerializeToString()
        return service_pb2.ModelInferResponse.FromString(call(data, **{"timeout": 20} | options))

    return infer


def make_request(model: str = "echo", rows: int = 1, **fields: Any) -> Any:
    """`rows` black images for a classifier, raw; `fields` are of its input."""
    request = service_pb2.ModelInferRequest(model_name=model)
    request.inputs.add(**{"name": "images", "datatype": "UINT8", "shape": [rows, 28, 28, 1]} | fields)
    request.raw_input_contents.append(np.zeros((rows, 28, 28, 1), np.uint8).tobytes())
    return request


def fail(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """The code, the sentence and the trailing metadata of a call that fails."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    return error.code(), error.details(), dict(error.trailing_metadata() or ())
