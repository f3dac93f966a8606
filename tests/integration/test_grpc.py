"""The gRPC process: unmodified clients work, and its master keeps it as it keeps the engine."""

import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient import grpc as triton
from tritonclient.grpc import service_pb2

from tests.integration.conftest import Serve
from tests.support.grpc_health import NOT_SERVING, SERVING, read_status, wait_for_grpc
from tests.support.pictures import make_png
from tests.support.processes import is_alive, list_descendants
from tests.support.server import Service
from tests.support.waiting import wait_until

COUNTS = [1, 200]
INFER = "/inference.GRPCInferenceService/ModelInfer"


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(wait_for_grpc(service)) as client:
        yield client


def make_input(name: str, datatype: str, array: Any) -> triton.InferInput:
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array)
    return tensor


def make_rows(count: int) -> Any:
    """Images for `brittle`, and the classes that it gives them."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[:, 0, 1, 0] = classes = np.arange(count) % 10
    return images, classes.tolist()


def test_health_metadata_and_index(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("brittle") and client.is_model_ready("brittle", "1")
    assert not client.is_model_ready("unheard") and not client.is_model_ready("brittle", "2")
    assert client.get_server_metadata().name == "inkpaw"
    (tensor,) = client.get_model_metadata("brittle", "1").inputs
    assert (tensor.name, tensor.datatype, list(tensor.shape)) == ("images", "UINT8", [-1, 28, 28, 1])
    assert [model.state for model in client.get_model_repository_index().models] == ["READY"] * 3


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_arrays_are_answered(client: triton.InferenceServerClient, count: int, compression: str | None) -> None:
    images, classes = make_rows(count)
    result = client.infer(
        "brittle",
        [make_input("images", "UINT8", images)],
        outputs=[triton.InferRequestedOutput("probabilities")],
        request_id="a1",
        compression_algorithm=compression,
    )
    assert result.get_response().id == "a1"
    assert result.as_numpy("probabilities").argmax(axis=1).tolist() == classes


@pytest.mark.parametrize("count", COUNTS)
def test_encoded_images_are_answered(client: triton.InferenceServerClient, count: int) -> None:
    encoded = np.array([make_png(0, index % 10) for index in range(count)], object)
    result = client.infer("brittle", [make_input("images", "BYTES", encoded)], model_version="1")
    assert result.as_numpy("probabilities").argmax(axis=1).tolist() == [index % 10 for index in range(count)]


def test_generator_is_answered(client: triton.InferenceServerClient) -> None:
    inputs = [
        make_input("seeds", "INT64", np.array([3, 4])),
        make_input("labels", "INT32", np.array([7, 7], np.int32)),
        make_input("truncation", "FP32", np.ones(2, np.float32)),
    ]
    assert client.infer("blot", inputs).as_numpy("images").shape == (2, 28, 28, 1)


def test_sentences_are_those_of_rest(client: triton.InferenceServerClient, service: Service) -> None:
    tensor = {"name": "images", "shape": [1, 28, 28, 1], "datatype": "FP32", "data": [0.0] * 784}
    rest = service.post("/v2/models/brittle/infer", json={"inputs": [tensor]})
    with pytest.raises(triton._utils.InferenceServerException) as caught:
        client.infer("brittle", [make_input("images", "FP32", np.zeros((1, 28, 28, 1), np.float32))])
    assert caught.value.message() == rest.json()["error"]
    assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_calls_are_in_the_metrics_of_the_service(client: triton.InferenceServerClient, service: Service) -> None:
    labels = {"model": "brittle", "protocol": "grpc", "status": "200"}
    before = service.sum_metric("inkpaw_requests_total", **labels)
    client.infer("brittle", [make_input("images", "UINT8", make_rows(1)[0])])
    assert service.sum_metric("inkpaw_requests_total", **labels) == before + 1
    assert service.sum_metric("inkpaw_grpc_starts_total") == 1
    assert service.sum_metric("inkpaw_process_resident_bytes", role="grpc", index="0") > 0


def test_kserves_client_sends_typed_contents(client: triton.InferenceServerClient, service: Service) -> None:
    images, classes = make_rows(200)
    request = service_pb2.ModelInferRequest(model_name="brittle", id="7")
    tensor = request.inputs.add(name="images", datatype="UINT8", shape=images.shape)
    tensor.parameters["anything"].string_param = "x"
    tensor.contents.uint_contents.extend(images.ravel().tolist())
    with grpc.insecure_channel(service.grpc_address) as channel:
        data = channel.unary_unary(INFER)(request.SerializeToString(), timeout=20)
    response = service_pb2.ModelInferResponse.FromString(data)
    (output,) = response.outputs
    assert np.reshape(output.contents.fp32_contents, (200, 10)).argmax(axis=1).tolist() == classes


def start_call(channel: grpc.Channel) -> Any:
    """A call in flight."""
    request = service_pb2.ModelInferRequest(model_name="echo")
    request.inputs.add(name="images", datatype="UINT8", shape=[1, 28, 28, 1])
    request.raw_input_contents.append(bytes(784))
    return channel.unary_unary(INFER).future(request.SerializeToString(), timeout=30)


def is_free(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, int(port)))
        except OSError:
            return False
    return True


def has_in_flight(service: Service) -> bool:
    return service.sum_metric("inkpaw_in_flight") > 0


@pytest.mark.parametrize("whole_group", [False, True], ids=["master", "every process, as systemd does"])
def test_sigterm_says_not_serving_first_and_answers_what_is_in_flight(serve_stub: Serve, whole_group: bool) -> None:
    service = serve_stub(run=4, drain_seconds=2, grpc_port=0, workers=1)
    address = wait_for_grpc(service)
    assert read_status(address, "echo") == SERVING
    with grpc.insecure_channel(address) as channel:
        call = start_call(channel)
        wait_until(lambda: has_in_flight(service), 10)
        everyone = [service.process.pid, *list_descendants(service.process.pid)]
        for pid in everyone if whole_group else everyone[:1]:
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: read_status(address, "echo") == NOT_SERVING, 1.9, "it is said before it stops")
        assert call.result()
    assert service.wait_for_exit(everyone, 10) == 0, "the grace is 30 s"
    assert "Traceback" not in service.log


def test_sigint_stops_at_once(serve_stub: Serve) -> None:
    service = serve_stub(run=20, grpc_port=0, workers=1)
    with grpc.insecure_channel(wait_for_grpc(service)) as channel:
        call = start_call(channel)
        wait_until(lambda: has_in_flight(service), 10)
        everyone = [service.process.pid, *list_descendants(service.process.pid)]
        service.process.send_signal(signal.SIGTERM)  # waits for the call
        with pytest.raises(Exception, match="timed out"):
            service.process.wait(1)
        service.process.send_signal(signal.SIGINT)
        assert service.wait_for_exit(everyone, 5) == 0
        assert isinstance(call.exception(), grpc.RpcError)


def test_process_that_is_killed_or_hangs_is_replaced_at_the_same_address(serve_stub: Serve) -> None:
    service = serve_stub(grpc_port=0, workers=1)
    address, first = wait_for_grpc(service), service.grpc_pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: service.grpc_pid not in (0, first), 20, "there is another")
    wait_until(lambda: read_status(address) == SERVING, 20, "it answers")
    second = service.grpc_pid
    os.kill(second, signal.SIGSTOP)
    wait_until(lambda: not is_alive(second), 20, "it has been killed")
    wait_until(lambda: read_status(address) == SERVING, 20, "it answers")
    assert service.sum_metric("inkpaw_grpc_hangs_total", reason="silent") == 1
    assert service.sum_metric("inkpaw_grpc_starts_total") == 3
    everyone = [service.process.pid, *list_descendants(service.process.pid)]
    os.kill(service.process.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, everyone)), 2, "nothing lives on")
    wait_until(lambda: is_free(address), 2, "the port is free")  # threads of a killed process end after its first one
