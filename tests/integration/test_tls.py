"""HTTPS on the service's own port, and TLS on that of gRPC."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from tritonclient.grpc import InferenceServerClient, InferenceServerException

from tests.support.certificates import OPENSSL, Certificate, make_certificate
from tests.support.healthcheck import run_healthcheck
from tests.support.pictures import make_digit_png
from tests.support.server import ROOT, Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")

SECONDS = 2.0  # INKPAW_REQUEST_SECONDS
RUN = 0.3
LIVE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


class SecureService(Service):
    cert = Path()

    def get(self, path: str, **options: object) -> requests.Response:
        return super().get(path, verify=self.cert, **options)

    def post(self, path: str, data: object = None, **options: object) -> requests.Response:
        return super().post(path, data, verify=self.cert, **options)


@pytest.fixture(scope="module")
def secure(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureService]:
    """Its engine is a stub, so the model `echo` is quick to start; a run takes `RUN` seconds."""
    SecureService.cert = certificate.cert
    settings = {"tls_cert": certificate.cert, "tls_key": certificate.key, "request_seconds": SECONDS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "tests/support/stub_engine"))
        patch.setenv("STUB_RUN_SECONDS", str(RUN))
        service = SecureService(
            tmp_path_factory.mktemp("models"), settings | {"workers": 1, "max_connections": 16, "grpc_port": 0}
        )
    try:
        service.start()
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.log
    finally:
        service.clean_up()


def connect(service: Service) -> socket.socket:
    url = urlsplit(service.url)
    return socket.create_connection((url.hostname, url.port or 0), timeout=10)


def test_requests_are_answered_by_https(secure: SecureService) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    with requests.Session() as session:
        for _ in range(3):
            answer = session.post(f"{secure.url}/predict/echo", make_digit_png(), timeout=10, verify=secure.cert)
            assert answer.json()["predictions"][0]["label"] == "3"
    big = secure.post("/predict/echo", b"x" * 3_000_000)
    assert big.status_code == 400


def test_grpc_takes_the_same_certificate(secure: SecureService) -> None:
    wait_until(lambda: secure.grpc_address, 20, "the gRPC process has an address")
    with InferenceServerClient(secure.grpc_address, ssl=True, root_certificates=str(secure.cert)) as client:
        wait_until(client.is_server_ready, 20)
        assert client.is_model_ready("echo")
    with InferenceServerClient(secure.grpc_address) as client, pytest.raises(InferenceServerException):
        client.is_server_live()


def test_healthcheck_of_the_image_finds_it_alive(secure: SecureService) -> None:
    port = urlsplit(secure.url).port or 0
    assert run_healthcheck(port, INKPAW_TLS_CERT=str(secure.cert)) == 0


def test_old_versions_of_tls_are_refused(secure: SecureService) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with connect(secure) as sock, pytest.raises(ssl.SSLError):
        context.wrap_socket(sock)


@pytest.mark.parametrize(
    "data", [b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 100, b""]
)
def test_client_that_does_not_complete_the_handshake_is_closed_in_time(secure: SecureService, data: bytes) -> None:
    started = time.monotonic()
    with connect(secure) as sock:
        sock.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(1 << 16):
                pass
    assert time.monotonic() - started < SECONDS + 3
    assert secure.get("/livez").status_code == 200


def test_handshakes_that_never_end_do_not_shut_out_others(secure: SecureService) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connect(secure))
        assert secure.get("/livez").status_code == 200


def test_request_that_does_not_arrive_gets_408(secure: SecureService) -> None:
    context = ssl.create_default_context(cafile=str(secure.cert))
    with context.wrap_socket(connect(secure), server_hostname="localhost") as sock:
        sock.sendall(b"POST /predict/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 408 ")


def test_client_that_half_closes_gets_its_answer(secure: SecureService) -> None:
    """The early start of an answer, by which a closed client is found, must not go unencrypted."""
    context = ssl.create_default_context(cafile=str(secure.cert))
    body = make_digit_png()
    with context.wrap_socket(connect(secure), server_hostname="localhost") as sock:
        head = f"POST /predict/echo HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        sock.sendall(head.encode() + body)
        socket.socket.shutdown(sock, socket.SHUT_WR)  # only of TCP
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_new_certificate_is_taken_on_sighup(secure: SecureService, tmp_path: Path) -> None:
    def read() -> str:
        url = urlsplit(secure.url)
        return ssl.get_server_certificate((url.hostname or "", url.port or 0))

    def is_ready() -> bool:
        with contextlib.suppress(requests.exceptions.SSLError):
            return secure.is_ready()
        return False

    before = read()
    fresh = make_certificate(tmp_path)
    secure.cert.write_bytes(fresh.cert.read_bytes())
    secure.cert.with_name("key.pem").write_bytes(fresh.key.read_bytes())
    secure.process.send_signal(1)
    wait_until(lambda: read() != before, 20, "the new certificate is served")
    wait_until(is_ready, 10, "no old worker takes connections any more")
