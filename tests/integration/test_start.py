"""A mistake in a setting ends the start at once, with one sentence that names it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.pictures import make_digit_png
from tests.support.server import DEFAULTS, ROOT, Service
from tests.support.waiting import wait_until

_SECONDS = 5.0  # gunicorn alone tries to bind for as long


def _start(tmp_path: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    variables = DEFAULTS | {"model_dir": tmp_path, "runtime_dir": tmp_path / "run"} | settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INKPAW_", "PROMETHEUS_"))}
    return subprocess.run(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=kept | {f"INKPAW_{name.upper()}": str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        timeout=30,
    )


def _assert_refused(ended: subprocess.CompletedProcess[str], name: str) -> None:
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stderr.startswith(f"{name}=")
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "192.0.2.1"),
        ("host", "not a host"),
        ("devices", "gpu:999"),
        ("request_seconds", "inf"),
        ("model_dir", "/dev/null"),
        ("policies", "/dev"),
        ("runtime_dir", "/dev/null/run"),
        ("runtime_dir", "/proc/inkpaw"),
        ("runtime_dir", "x" * 120),
    ],
)
def test_setting_that_the_machine_cannot_do_is_refused(tmp_path: Path, name: str, value: str) -> None:
    began = time.monotonic()
    _assert_refused(_start(tmp_path, **{name: value}), f"INKPAW_{name.upper()}")
    assert time.monotonic() - began < _SECONDS


@pytest.mark.parametrize("name", ["port", "grpc_port"])
def test_port_in_use_is_refused(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        began = time.monotonic()
        _assert_refused(_start(tmp_path, **{name: port}), f"INKPAW_{name.upper()}")
    assert time.monotonic() - began < _SECONDS


def test_runtime_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    ended = _start(tmp_path)
    assert ended.returncode == 1 and "is no folder" in ended.stderr and ended.stderr.count("\n") == 1
    assert (tmp_path / "run").read_text() == "mine"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a disk of a given size takes the right to mount")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_read_only_disk_for_the_runtime_folder_is_refused(tmp_path: Path, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    _assert_refused(_start(tmp_path, runtime_dir=disk / "run"), "INKPAW_RUNTIME_DIR")


def test_full_disk_costs_the_metrics_and_not_the_service(build_model: BuildModel, tmp_path: Path, disk: Path) -> None:
    folder = copy_models(build_model, tmp_path / "models", "tiny")
    with run_service(folder, Service, runtime_dir=disk / "run") as service:
        workers = sorted(service.worker_pids)
        with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
            while filler.write(bytes(4096)):
                pass
        for _ in range(40):
            assert service.post("/predict/tiny", make_digit_png()).status_code == 200
        assert service.sum_metric("inkpaw_processes_without_metrics") >= 1
        assert sorted(service.worker_pids) == workers
        assert service.log.count("serves on without metrics") <= 4, "it is told more often than once per process"


def test_missing_model_folder_may_start_and_is_told(tmp_path: Path) -> None:
    service = Service(tmp_path / "none", {})
    try:
        wait_until(service.has_address, 30)
        assert f"INKPAW_MODEL_DIR={tmp_path / 'none'} cannot be read" in service.log
        assert service.get("/readyz").status_code == 503
    finally:
        service.clean_up()


@pytest.fixture(scope="module")
def ipv6(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    with run_service(
        copy_models(build_model, tmp_path_factory.mktemp("models"), "tiny"), Service, host="::"
    ) as service:
        yield service


def test_service_answers_clients_of_both_protocols(ipv6: Service) -> None:
    assert ipv6.url.startswith("http://[::]:")
    assert ipv6.post("/predict/tiny", make_digit_png()).status_code == 200
    port = ipv6.url.rpartition(":")[2]
    for host in ("127.0.0.1", "[::1]"):
        assert requests.get(f"http://{host}:{port}/readyz", timeout=5).status_code == 200


def test_reload_keeps_the_address(ipv6: Service) -> None:
    before = ipv6.worker_pids
    ipv6.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: len(ipv6.worker_pids) == len(before) and not {*ipv6.worker_pids} & {*before},
        30,
        "there are new workers",
    )
    assert ipv6.get("/readyz").status_code == 200


def test_restarts_leave_nothing_behind_in_the_metrics(ipv6: Service) -> None:
    """Workers are killed one after another: the counts stay, and neither series nor files grow."""
    folder = ipv6.runtime_dir / "metrics"
    expected = ipv6.sum_metric("inkpaw_requests_total", model="tiny")
    series = []
    for _ in range(6):
        killed, _ = ipv6.worker_pids
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len({*ipv6.worker_pids} - {killed}) == 2, 20, "there are two workers again")  # noqa: B023
        wait_until(lambda: not list(folder.glob(f"*_{killed}.db")), 5, "its files are gone")  # noqa: B023
        assert ipv6.sum_metric("inkpaw_requests_total", model="tiny") == expected
        for _ in range(8):
            assert ipv6.post("/predict/tiny", make_digit_png()).status_code == 200
        expected += 8
        assert ipv6.sum_metric("inkpaw_requests_total", model="tiny") == expected
        series.append(len(ipv6.get("/metrics").text.splitlines()))
    assert max(series) == series[0], series
