"""Keys and limits of a running service: read again when they change, and the same in all of its workers."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import requests
from tritonclient.grpc import InferenceServerClient, InferenceServerException

from service.access.keys import format_entry, make_key
from service.access.scopes import KEY_SCOPES, Scope
from tests.integration.conftest import Serve
from tests.support.grpc_health import wait_for_grpc
from tests.support.pictures import make_digit_png
from tests.support.server import ROOT, Service
from tests.support.waiting import wait_until

PICTURE = make_digit_png()


def predict(service: Service, key: str = "") -> requests.Response:
    """On a connection of its own, so that any worker may get it."""
    return service.post("/predict/echo", PICTURE, headers={"X-API-Key": key} if key else {})


def test_keys_are_read_again_by_every_worker_when_the_file_changes(serve_stub: Serve, tmp_path: Path) -> None:
    old, new = make_key(), make_key()
    keys = tmp_path / "keys"
    keys.write_text(format_entry("old", KEY_SCOPES, old) + "\n")
    service = serve_stub(keys_file=keys, workers=2)
    assert [predict(service).status_code, predict(service, new).status_code, predict(service, old).status_code] == [
        *(401, 401, 200)
    ]
    fresh = tmp_path / "keys.new"
    fresh.write_text(format_entry("new", [Scope.PREDICT], new) + "\n")
    fresh.rename(keys)
    wait_until(lambda: all(predict(service, old).status_code == 401 for _ in range(20)), 10, "the old key is refused")
    assert all(predict(service, new).status_code == 200 for _ in range(20))
    assert service.get("/metrics", headers={"X-API-Key": new}).status_code == 403
    assert service.get("/readyz").status_code == 200


def test_limit_is_that_of_all_workers_together(serve_stub: Serve) -> None:
    service = serve_stub(limit_per_address="30/hour", workers=3)
    statuses = Counter(predict(service).status_code for _ in range(60))
    assert statuses[429] == 60 - statuses[200] and 30 <= statuses[200] <= 31  # a count may be lost between two workers
    assert service.get("/livez").status_code == 200


def test_grpc_obeys_the_same_keys_and_counts_in_the_same_limit(serve_stub: Serve) -> None:
    key = make_key()
    entry = format_entry("ci", [Scope.PREDICT], key)
    service = serve_stub(keys=entry, limit_per_key="4/hour", grpc_port=0, workers=1)
    with InferenceServerClient(wait_for_grpc(service)) as client:
        assert client.is_server_live() and client.is_server_ready()
        with pytest.raises(InferenceServerException) as refused:
            client.is_model_ready("echo")
        assert refused.value.status() == "StatusCode.UNAUTHENTICATED"
        for headers in ({"x-api-key": key}, {"authorization": f"Bearer {key}"}):
            assert client.is_model_ready("echo", headers=headers)
            assert predict(service, key).status_code == 200
        with pytest.raises(InferenceServerException) as refused:
            client.is_model_ready("echo", headers={"x-api-key": key})
        assert refused.value.status() == "StatusCode.RESOURCE_EXHAUSTED"
    assert predict(service, key).status_code == 429


def test_operators_port_answers_without_a_key(serve_stub: Serve) -> None:
    service = serve_stub(keys=format_entry("ci", KEY_SCOPES, make_key()), operations_port=0)
    lines = [line["message"] for line in service.log_lines]
    url = next(line.removeprefix("Metrics and health are at ") for line in lines if line.startswith("Metrics and"))
    assert url != service.url
    assert [requests.get(url + path, timeout=5).status_code for path in ("/metrics", "/readyz")] == [200, 200]
    assert requests.post(url + "/predict/echo", PICTURE, timeout=5).status_code == 404
    assert service.get("/metrics").status_code == 404


def start(tmp_path: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """A start that is expected to be refused."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INKPAW_")}
    environment |= {"INKPAW_RUNTIME_DIR": str(tmp_path / "run"), "INKPAW_PORT": "0", "INKPAW_MODEL_DIR": str(tmp_path)}
    environment |= {f"INKPAW_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "service"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"host": "0.0.0.0", "require_keys": 1}, "INKPAW_REQUIRE_KEYS=1 needs"),
        ({"keys_file": "/nowhere/keys"}, "INKPAW_KEYS_FILE=/nowhere/keys cannot be used: No such file"),
        ({"keys": "ci:predict:abc"}, "INKPAW_KEYS cannot be used: line 1 is not"),
        ({"keys_file": "/dev/null"}, "INKPAW_KEYS_FILE=/dev/null cannot be used"),
        ({"tls_cert": "/nowhere/cert"}, "only of use together"),
        ({"tls_cert": __file__, "tls_key": __file__}, "cannot be used"),
    ],
)
def test_start_that_would_be_open_or_broken_is_refused(
    tmp_path: Path, settings: dict[str, object], sentence: str
) -> None:
    done = start(tmp_path, **settings)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_service_that_is_open_to_others_says_so_in_one_loud_line(serve_stub: Serve) -> None:
    service = serve_stub(host="0.0.0.0", workers=1)
    (line,) = [line for line in service.log_lines if "EVERYBODY" in line["message"]]
    assert line["level"] == "warning" and "INKPAW_HOST=0.0.0.0" in line["message"]


def test_loopback_needs_no_keys_and_says_nothing(serve_stub: Serve) -> None:
    service = serve_stub(require_keys=1, workers=1)
    assert predict(service).status_code == 200
    assert "EVERYBODY" not in service.log
