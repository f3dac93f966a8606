"""TLS on the gRPC port: the certificate of the settings, also when it changes."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from service.settings import Settings
from tests.support.certificates import OPENSSL, Certificate, make_certificate
from tests.support.engine import FakeEngine
from tests.support.grpc_server import GrpcServer, run_grpc_server
from tests.unit.service.rpc.conftest import SERVICE, fail, handle, make_request

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")

SECONDS = 1.0  # INKPAW_REQUEST_SECONDS


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def server(certificate: Certificate, tmp_path: Path) -> Iterator[GrpcServer]:
    files = {"tls_cert": certificate.cert, "tls_key": certificate.key}
    settings = Settings(runtime_dir=tmp_path, devices="cpu", request_seconds=SECONDS, **files)  # type: ignore[arg-type]
    with FakeEngine(settings.engine_sockets[0], handle), run_grpc_server(settings) as server:
        yield server


def connect(server: GrpcServer) -> socket.socket:
    host, port = server.address.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def read_certificate(server: GrpcServer) -> str:
    host, port = server.address.split(":")
    return ssl.get_server_certificate((host, int(port)))


def infer(channel: grpc.Channel) -> bytes:
    data: bytes = channel.unary_unary(f"/{SERVICE}/ModelInfer")(make_request().SerializeToString(), timeout=10)
    return data


def test_clients_that_trust_the_certificate_are_answered_and_plain_ones_are_not(
    server: GrpcServer, certificate: Certificate
) -> None:
    trust = grpc.ssl_channel_credentials(certificate.cert.read_bytes())
    with grpc.secure_channel(server.address, trust) as channel:
        assert infer(channel)
    with grpc.secure_channel(server.address, grpc.ssl_channel_credentials()) as channel:
        assert fail(lambda: infer(channel))[0] is grpc.StatusCode.UNAVAILABLE
    with grpc.insecure_channel(server.address) as channel:
        assert fail(lambda: infer(channel))[0] is grpc.StatusCode.UNAVAILABLE


def test_new_certificate_is_taken_by_the_next_handshake(
    server: GrpcServer, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = read_certificate(server)
    fresh = make_certificate(tmp_path_factory.mktemp("fresh"))
    fresh.cert.replace(certificate.cert)
    assert read_certificate(server) == first, "its key is not there yet"
    fresh.key.replace(certificate.key)
    assert read_certificate(server) == certificate.cert.read_text() != first
    certificate.cert.unlink()
    assert read_certificate(server) != first, "it keeps the one that it has"


@pytest.mark.parametrize("data", [b"", b"\x16\x03\x01\xff\xff" + b"\0" * 100], ids=["silent", "half a handshake"])
def test_client_that_does_not_complete_the_handshake_is_closed_in_time(server: GrpcServer, data: bytes) -> None:
    began = time.monotonic()
    with connect(server) as sock:
        sock.sendall(data)
        while sock.recv(1 << 16):
            pass
    assert time.monotonic() - began < SECONDS + 3
