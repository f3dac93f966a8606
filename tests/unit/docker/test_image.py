"""The Dockerfile is clean, and `make image` says what it is built of."""

import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.certificates import OPENSSL, make_certificate
from tests.support.healthcheck import run_healthcheck
from tests.support.manifests import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LABELS = {"title", "description", "licenses", "version", "revision", "created", "base.name"}


def test_hadolint_finds_nothing() -> None:
    binary = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([str(binary), str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_image_has_the_labels_of_an_oci_image() -> None:
    assert set(re.findall(r"org\.opencontainers\.image\.([a-z.]+)=", DOCKERFILE)) == LABELS


def test_base_image_has_the_locked_tensorflow_by_its_exact_tag() -> None:
    [locked] = re.findall(r"^tensorflow==([\d.]+) ", (ROOT / "lock/gpu.txt").read_text(), re.MULTILINE)
    assert f"ARG BASE_IMAGE=${{SMALL_BASE_IMAGE:-tensorflow/tensorflow:{locked}-gpu}}\n" in DOCKERFILE


def test_make_image_passes_every_argument_of_the_build() -> None:
    command = ["make", "-n", "image", "BUILDER=podman", "BASE_IMAGE=base@sha256:0", "RUNTIME=litert"]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    declared = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE)) - {"TRAINING", "SMALL_BASE_IMAGE"}
    assert set(re.findall(r"--build-arg (\w+)=", output)) == declared
    assert "--build-arg BASE_IMAGE=base@sha256:0 " in output and "--timestamp " in output


class Stub(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stub() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), type("OneStub", (Stub,), {})) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_healthcheck_says_whether_the_service_lives(stub: ThreadingHTTPServer) -> None:
    assert run_healthcheck(stub.server_port) == 0
    stub.RequestHandlerClass.status = 503  # type: ignore[attr-defined]
    assert run_healthcheck(stub.server_port) != 0


def test_healthcheck_fails_where_nobody_listens(stub: ThreadingHTTPServer) -> None:
    stub.server_close()
    assert run_healthcheck(stub.server_port) != 0


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
def test_healthcheck_takes_any_certificate(stub: ThreadingHTTPServer, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    stub.socket = context.wrap_socket(stub.socket, server_side=True)
    assert run_healthcheck(stub.server_port, INKPAW_TLS_CERT=str(certificate.cert)) == 0
    assert run_healthcheck(stub.server_port) != 0
