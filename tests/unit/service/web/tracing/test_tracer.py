"""Which requests are traced."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.preflight import check_machine
from service.settings import Settings, SettingsError
from service.web.tracing.tracer import MAX_TRACES, Tracer

ROOT = Path(__file__).parents[5]
URL = "http://127.0.0.1:9/v1/traces"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("share", [0, 1])
@pytest.mark.parametrize("flags", ["00", "01"])
def test_client_decides_whatever_the_share(share: float, flags: str) -> None:
    trace = Tracer(URL, share).start(lambda _: f"00-{TRACE}-{PARENT}-{flags}")
    assert (trace is not None) == (flags == "01")
    assert trace is None or (trace.parent is not None and trace.parent.parent_id == PARENT)


@pytest.mark.parametrize("value", [None, "00-no-trace-01"])
def test_share_decides_where_the_client_does_not(value: str | None) -> None:
    assert Tracer(URL, 0).start(lambda _: value) is None
    trace = Tracer(URL, 1).start(lambda _: value)
    assert trace is not None and trace.parent is None


def test_clients_cannot_have_more_traced_than_the_bound() -> None:
    tracer = Tracer(URL, 0)
    traces = [tracer.start(lambda _: f"00-{TRACE}-{PARENT}-01") for _ in range(10 * MAX_TRACES)]
    assert MAX_TRACES <= len([trace for trace in traces if trace is not None]) <= 2 * MAX_TRACES  # in two seconds


def test_service_without_traces_does_not_load_opentelemetry() -> None:
    code = (
        "import sys; from service.settings import Settings; from service.web.app import create_app; "
        "create_app(Settings()); sys.exit('opentelemetry' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_start_is_refused_where_the_package_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(traces_url=URL, devices="cpu", model_dir=tmp_path)
    check_machine(settings)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install '\.\[server,tracing\]'"):
        check_machine(settings)
