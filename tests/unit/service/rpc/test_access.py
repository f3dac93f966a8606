"""Keys and limits over gRPC: those of HTTP, before a message is received."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from prometheus_client import REGISTRY
from tritonclient.grpc import InferenceServerClient

from service.access.keys import format_entry, make_key
from service.access.scopes import Scope
from service.settings import Settings
from service.web.api.open_inference.rpc.routes import ROUTES
from tests.support.engine import FakeEngine
from tests.support.grpc_server import GrpcServer, run_grpc_server
from tests.unit.service.rpc.conftest import SERVICE, fail, handle, make_request

Code = grpc.StatusCode
INFER = f"/{SERVICE}/ModelInfer"
KEY, METRICS_KEY = make_key(), make_key()
ENTRIES = ",".join([format_entry("ci", [Scope.PREDICT], KEY), format_entry("prometheus", [Scope.METRICS], METRICS_KEY)])
OPEN = {"ServerLive", "ServerReady"}  # methods that need no key: whoever changes this changes who gets in


@contextmanager
def run_server(folder: Path, **access: Any) -> Iterator[GrpcServer]:
    settings = Settings(runtime_dir=folder, devices="cpu", **access)
    with FakeEngine(settings.engine_sockets[0], handle), run_grpc_server(settings) as server:
        yield server


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrpcServer]:
    with run_server(tmp_path_factory.mktemp("r"), keys=ENTRIES) as server:
        yield server


def infer(server: GrpcServer, **metadata: str) -> None:
    send(server, INFER, make_request().SerializeToString(), **metadata)


def send(server: GrpcServer, path: str, message: bytes = b"", **metadata: str) -> Any:
    """The metadata that end the call."""
    pairs = [(name.replace("_", "-"), value) for name, value in metadata.items()]
    with grpc.insecure_channel(server.address) as channel:
        _, call = channel.unary_unary(path).with_call(message, timeout=20, metadata=pairs)
    return dict(call.trailing_metadata())


def count_denied(reason: str) -> float:
    return REGISTRY.get_sample_value("inkpaw_denied_total", {"reason": reason}) or 0.0


@pytest.mark.parametrize("metadata", [{"authorization": f"Bearer {KEY}"}, {"x_api_key": KEY}])
def test_key_with_the_scope_gets_in(locked: GrpcServer, metadata: dict[str, str]) -> None:
    infer(locked, **metadata)


@pytest.mark.parametrize(
    ("metadata", "code", "reason"),
    [
        ({}, Code.UNAUTHENTICATED, "unauthorized"),
        ({"x_api_key": "guess"}, Code.UNAUTHENTICATED, "unauthorized"),
        ({"authorization": "Bearer guess", "x_api_key": KEY}, Code.UNAUTHENTICATED, "unauthorized"),
        ({"x_api_key": METRICS_KEY}, Code.PERMISSION_DENIED, "forbidden"),
    ],
)
def test_others_do_not(locked: GrpcServer, metadata: dict[str, str], code: Code, reason: str) -> None:
    before = count_denied(reason)
    refusal, details, trailing = fail(lambda: infer(locked, **metadata))
    assert refusal is code and KEY not in details
    assert trailing["www-authenticate"].startswith("Bearer ") and trailing["x-request-id"]
    assert count_denied(reason) == before + 1


def test_every_method_but_the_probes_needs_a_key(locked: GrpcServer) -> None:
    methods = {rule.rpartition("/")[2]: rule for route in ROUTES for rule in route.rules}
    for name in methods.keys() - OPEN:
        assert fail(lambda name=name: send(locked, methods[name]))[0] is Code.UNAUTHENTICATED, name
    for name in OPEN:
        send(locked, methods[name])
    assert fail(lambda: send(locked, f"/{SERVICE}/ModelStreamInfer"))[0] is Code.UNIMPLEMENTED


def test_health_and_reflection_need_no_key(locked: GrpcServer) -> None:
    locked.update_health()
    with grpc.insecure_channel(locked.address) as channel:
        assert health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="echo")).status
        assert SERVICE in ProtoReflectionDescriptorDatabase(channel).get_services()


def test_call_is_refused_before_its_message_has_come(locked: GrpcServer) -> None:
    never = threading.Event()

    def wait() -> Iterator[bytes]:
        never.wait(20)
        yield b""

    with grpc.insecure_channel(locked.address) as channel:
        code, _, _ = fail(lambda: channel.stream_unary(INFER)(wait(), timeout=20))
        never.set()
    assert code is Code.UNAUTHENTICATED


def test_limit_is_told_with_a_hint_when_to_try_again(tmp_path: Path) -> None:
    with run_server(tmp_path, keys=ENTRIES, limit_per_key="2/hour", limit_per_address="5/hour") as server:
        path, message = f"/{SERVICE}/ModelReady", make_request().SerializeToString()
        left = [send(server, path, message, x_api_key=KEY)["ratelimit"] for _ in range(2)]
        assert [text.count('"key";r=1') for text in left] == [1, 0]
        code, details, trailing = fail(lambda: infer(server, x_api_key=KEY))
        assert code is Code.RESOURCE_EXHAUSTED and "from one key" in details
        assert 3_500_000 < int(trailing["grpc-retry-pushback-ms"]) <= 3_600_000
        assert trailing["ratelimit-policy"] == '"address";q=5;w=3600, "key";q=2;w=3600'
        for _ in range(2):
            assert fail(lambda: infer(server, x_api_key="guess"))[0] is Code.UNAUTHENTICATED
        assert "from one address" in fail(lambda: infer(server))[1]
        with InferenceServerClient(server.address) as client:
            assert client.is_server_live(), "probes are not counted"


def test_addresses_are_told_apart_also_behind_a_trusted_proxy(tmp_path: Path) -> None:
    with run_server(tmp_path, limit_per_address="1/hour", trusted_proxies="127.0.0.1") as server:
        infer(server, x_forwarded_for="192.0.2.1")
        infer(server, x_forwarded_for="192.0.2.2")
        assert fail(lambda: infer(server, x_forwarded_for="192.0.2.2"))[0] is Code.RESOURCE_EXHAUSTED
