"""Bounds, deadlines, clients that leave, health, reflection, and how the server stops."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from prometheus_client import REGISTRY
from tritonclient.grpc import InferenceServerClient

from service.ipc import wire
from service.settings import Settings
from tests.support.engine import FakeEngine
from tests.support.grpc_server import GrpcServer, run_grpc_server
from tests.support.waiting import wait_until
from tests.unit.service.rpc.conftest import FULL, SERVICE, SILENT, Infer, fail, handle, make_request

Code = grpc.StatusCode
INFER = f"/{SERVICE}/ModelInfer"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[GrpcServer]:
    """A server that takes one request at a time."""
    settings = Settings(runtime_dir=tmp_path, devices="cpu", max_in_flight=1)
    with FakeEngine(settings.engine_sockets[0], handle), run_grpc_server(settings) as server:
        yield server


def start_call(channel: grpc.Channel, model: str) -> Any:
    return channel.unary_unary(INFER).future(make_request(model).SerializeToString(), timeout=20)


def wait_for(event: threading.Event) -> Iterator[bytes]:
    """A message that comes with the event."""
    event.wait(20)
    yield b""


def test_full_queue_is_told_with_a_hint_when_to_try_again(infer: Infer) -> None:
    code, details, metadata = fail(lambda: infer(make_request(FULL)))
    assert (code, details) == (Code.RESOURCE_EXHAUSTED, "The queue is full; try again.")
    assert metadata["grpc-retry-pushback-ms"] == "1000"


def test_full_process_refuses_more_but_probes_are_answered(narrow: GrpcServer) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("inkpaw_rejected_total", {"reason": "busy", "model": ""}) or 0.0

    before = count()
    with grpc.insecure_channel(narrow.address) as channel, InferenceServerClient(narrow.address) as client:
        silent = start_call(channel, SILENT)
        wait_until(lambda: narrow.server.admission.full)
        code, details, metadata = fail(lambda: start_call(channel, "echo").result())
        assert (code, details) == (Code.RESOURCE_EXHAUSTED, "Every place is taken; try again.")
        assert metadata["grpc-retry-pushback-ms"] == "1000" and metadata["x-request-id"]
        assert count() == before + 1
        never = threading.Event()
        code, details, _ = fail(lambda: channel.stream_unary(INFER)(wait_for(never), timeout=20))
        never.set()
        assert code is Code.RESOURCE_EXHAUSTED, "it is refused before its message has come"
        assert client.is_server_live() and client.is_server_ready() is False  # which are answers
        silent.cancel()
        wait_until(lambda: not narrow.server.admission.in_flight)
        assert start_call(channel, "echo").result()


def test_message_over_the_budget_of_bodies_is_counted_as_over_http(server: GrpcServer, infer: Infer) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("inkpaw_rejected_total", {"reason": "overloaded", "model": ""}) or 0.0

    before, budget = count(), server.context.body_budget
    budget.in_use = budget.limit
    try:
        code, details, _ = fail(lambda: infer(bytes(1 << 15)))
    finally:
        budget.in_use = 0
    assert (code, "too many large bodies" in details) == (Code.RESOURCE_EXHAUSTED, True)
    assert count() == before + 1


def test_call_of_a_client_that_has_left_is_cancelled(server: GrpcServer, engine: FakeEngine) -> None:
    engine.cancelled.clear()
    with grpc.insecure_channel(server.address) as channel:
        call = start_call(channel, SILENT)
        wait_until(lambda: any(getattr(call, "model", "") == SILENT for call in engine.calls))
        call.cancel()
        assert engine.cancelled.wait(5)
    wait_until(lambda: not server.server.admission.in_flight)


def test_deadline_of_the_client_goes_to_the_engine(infer: Infer, engine: FakeEngine) -> None:
    engine.cancelled.clear()
    began = time.monotonic()
    code, _, _ = fail(lambda: infer(make_request(SILENT), timeout=0.3))
    assert code is Code.DEADLINE_EXCEEDED
    assert engine.cancelled.wait(5)
    (deadline,) = [call.deadline for call in engine.calls if isinstance(call, wire.RunCall) and call.deadline > began][
        -1:
    ]
    assert deadline - began < 1  # it would be 10 by the service's own


def test_service_has_a_deadline_of_its_own(tmp_path: Path) -> None:
    settings = Settings(runtime_dir=tmp_path, devices="cpu", request_seconds=0.2)
    with FakeEngine(settings.engine_sockets[0], handle), run_grpc_server(settings) as server:
        with grpc.insecure_channel(server.address) as channel:
            code, details, _ = fail(lambda: start_call(channel, SILENT).result())
        assert (code, details) == (Code.DEADLINE_EXCEEDED, "The answer did not come within the request's time.")


def test_message_that_does_not_come_is_waited_for_within_the_deadline(tmp_path: Path) -> None:
    settings = Settings(runtime_dir=tmp_path, devices="cpu", request_seconds=0.2)
    never = threading.Event()
    with run_grpc_server(settings) as server, grpc.insecure_channel(server.address) as channel:
        code, details, _ = fail(lambda: channel.stream_unary(INFER)(wait_for(never), timeout=20))
        never.set()
    assert (code, details) == (Code.DEADLINE_EXCEEDED, "The message did not arrive in time.")


def test_engine_that_is_gone_is_told(tmp_path: Path) -> None:
    with (
        run_grpc_server(Settings(runtime_dir=tmp_path, devices="cpu")) as server,
        grpc.insecure_channel(server.address) as channel,
        InferenceServerClient(server.address) as client,
    ):
        code, details, metadata = fail(lambda: start_call(channel, "echo").result())
        assert (code, "engine is not answering" in details) == (Code.UNAVAILABLE, True)
        assert metadata["grpc-retry-pushback-ms"] == "2000"
        assert client.is_server_live() and not client.is_server_ready()
        assert not client.is_model_ready("echo")


def test_health_is_that_of_the_server_and_of_each_model(server: GrpcServer, channel: grpc.Channel) -> None:
    def check(name: str) -> int:
        return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name)).status

    server.update_health()
    names = ("echo", "late", "", SERVICE)
    assert [check(name) for name in names] == [SERVING, NOT_SERVING, NOT_SERVING, NOT_SERVING]  # `late` never loads
    assert fail(lambda: check("unheard"))[0] is Code.NOT_FOUND
    server.context.settings.draining_mark.touch()
    server.update_health()
    server.context.settings.draining_mark.unlink()
    assert check("echo") == NOT_SERVING
    server.update_health()
    assert check("echo") == SERVING


def test_reflection_shows_every_method(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    assert {*database.get_services()} >= {SERVICE, "grpc.health.v1.Health"}
    pool = DescriptorPool(database)
    assert "ModelInfer" in [method.name for method in pool.FindServiceByName(SERVICE).methods]
    assert pool.FindServiceByName("grpc.health.v1.Health").methods


def test_stop_ends_calls_that_only_watch(tmp_path: Path) -> None:
    settings = Settings(runtime_dir=tmp_path, devices="cpu")
    server = GrpcServer(settings)
    server.start()
    with grpc.insecure_channel(server.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch)
        server.stop(30)  # fails if it takes 30 s
        assert next(watch).status == NOT_SERVING
        assert fail(lambda: next(watch))[0] is Code.UNAVAILABLE
