"""Clients that people have already work as they are: tritonclient here, KServe's by the requests that it makes."""

import json
import socket
import struct
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from tritonclient import http as triton

from tests.support.pictures import make_png
from tests.support.server import Service

Client = triton.InferenceServerClient
COUNTS = [1, 200]


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Client]:
    with Client(urlsplit(service.url).netloc) as client:
        yield client


def make_input(name: str, datatype: str, array: Any, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def make_rows(count: int) -> Any:
    """Images for `brittle`, and the classes that it gives them."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[:, 0, 1, 0] = classes = np.arange(count) % 10
    return images, classes


def test_health_and_metadata(client: Client) -> None:
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("brittle") and client.is_model_ready("brittle", "1")
    assert not client.is_model_ready("unheard") and not client.is_model_ready("brittle", "2")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    metadata = client.get_model_metadata("brittle", "1")
    assert metadata["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, 28, 28, 1]}]
    assert [entry["state"] for entry in client.get_model_repository_index()] == ["READY"] * 3


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_arrays_are_answered(client: Client, count: int, binary: bool, compression: str | None) -> None:
    images, classes = make_rows(count)
    result = client.infer(
        "brittle",
        [make_input("images", "UINT8", images, binary)],
        outputs=[triton.InferRequestedOutput("probabilities", binary_data=binary)],
        request_id="a1",
        request_compression_algorithm=compression,
        response_compression_algorithm=compression,
    )
    assert result.get_response()["id"] == "a1"
    assert result.as_numpy("probabilities").argmax(axis=1).tolist() == classes.tolist()


@pytest.mark.parametrize("count", COUNTS)
def test_encoded_images_are_answered(client: Client, count: int) -> None:
    encoded = np.array([make_png(0, index % 10) for index in range(count)], object)
    result = client.infer("brittle", [make_input("images", "BYTES", encoded)], model_version="1")
    assert result.as_numpy("probabilities").argmax(axis=1).tolist() == [index % 10 for index in range(count)]


def test_generator_is_answered(client: Client) -> None:
    inputs = [
        make_input("seeds", "INT64", np.array([3, 4])),
        make_input("labels", "INT32", np.array([7, 7], np.int32)),
        make_input("truncation", "FP32", np.ones(2, np.float32)),
    ]
    assert client.infer("blot", inputs).as_numpy("images").shape == (2, 28, 28, 1)


def test_error_reaches_the_client_in_words(client: Client) -> None:
    images, _ = make_rows(1)
    with pytest.raises(triton.InferenceServerException, match="no output 'x'"):
        outputs = [triton.InferRequestedOutput("x")]
        client.infer("brittle", [make_input("images", "UINT8", images)], outputs=outputs)
    with pytest.raises(triton.InferenceServerException, match="no model 'unheard'"):
        client.infer("unheard", [make_input("images", "UINT8", images)])


def test_requests_of_kserves_v1_client(service: Service) -> None:
    assert service.get("/").json()["status"].lower() == "alive"
    assert service.get("/v1/models/brittle").json()["ready"] is True
    for count in COUNTS:
        images, classes = make_rows(count)
        encoded = [{"b64": b64encode(make_png(0, index)).decode()} for index in classes.tolist()]
        for instances in (images.tolist(), encoded):
            predictions = service.post("/v1/models/brittle:predict", json={"instances": instances}).json()[
                "predictions"
            ]
            assert np.argmax(predictions, axis=1).tolist() == classes.tolist()


def test_requests_of_kserves_v2_client(service: Service) -> None:
    assert service.get("/v2/health/live").json()["live"] is True
    assert service.get("/v2/health/ready").json()["ready"] is True
    assert service.get("/v2/models/brittle/ready").status_code == 200
    for count in COUNTS:
        images, classes = make_rows(count)
        tensor = {"name": "images", "shape": list(images.shape), "datatype": "UINT8"}
        head = {"id": "7", "model_name": "brittle", "inputs": [tensor | {"data": images.ravel().tolist()}]}
        outputs = service.post("/v2/models/brittle/infer", json=head).json()["outputs"]
        assert np.reshape(outputs[0]["data"], (count, 10)).argmax(axis=1).tolist() == classes.tolist()
        blob = b"".join(struct.pack("<I", len(png)) + png for png in (make_png(0, index) for index in classes.tolist()))
        parameters = {"binary_data_size": len(blob)}
        tensor |= {"shape": [count], "datatype": "BYTES", "parameters": parameters}
        text = json.dumps({"model_name": "brittle", "inputs": [tensor]}).encode()
        headers = {"inference-header-content-length": str(len(text)), "content-type": "application/octet-stream"}
        answer = service.post("/v2/models/brittle/infer", text + blob, headers=headers).json()
        assert np.reshape(answer["outputs"][0]["data"], (count, 10)).argmax(axis=1).tolist() == classes.tolist()


def exchange(service: Service, head: str, body: bytes = b"") -> str:
    """What comes on a connection that sends this head, and the body when it may."""
    address = urlsplit(service.url)
    with socket.create_connection((address.hostname, address.port), 10) as sock:
        sock.sendall(f"{head}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while data := sock.recv(1 << 16):
            received += data
            if body and received.endswith(b"100 Continue\r\n\r\n"):
                sock.sendall(body)
                body = b""
    return received.decode()


ROWS = json.dumps({"instances": [{"b64": b64encode(make_png(0, 6)).decode()}]}).encode()


@pytest.mark.parametrize("path", ["/predict/brittle", "/v1/models/brittle:predict", "/v1/models/brittle:predict/"])
def test_client_that_waits_for_100_continue_is_answered(service: Service, path: str) -> None:
    reply = exchange(service, f"POST {path} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {len(ROWS)}", ROWS)
    assert reply.startswith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), reply


@pytest.mark.parametrize("path", ["/", "/v1/models/brittle", "/v2/models/brittle", "/v2/health/live", "/v1/nothing"])
def test_head_has_no_body(service: Service, path: str) -> None:
    reply = exchange(service, f"HEAD {path} HTTP/1.1")
    assert reply.endswith("\r\n\r\n") and "Content-Length: " in reply


@pytest.mark.parametrize("path", ["/predict/brittle", "/v2/models/brittle/infer", "/v1/models/brittle:predict"])
def test_options_are_answered(service: Service, path: str) -> None:
    reply = exchange(service, f"OPTIONS {path} HTTP/1.1")
    assert reply.startswith("HTTP/1.1 204 ") and "Allow: " in reply and reply.endswith("\r\n\r\n")


def test_trailing_slash_and_pretty_on_the_fast_path(service: Service) -> None:
    reply = service.post("/v1/models/brittle:predict/?pretty", ROWS)
    assert (reply.status_code, reply.text[:17]) == (200, '{\n  "predictions"')
