"""The probes: what they say of an engine that hangs, and that they say it at once."""

import time

import pytest
from flask.testing import FlaskClient

from service import heartbeat
from service.heartbeat import START_SECONDS, Heartbeat
from service.settings import Settings
from tests.support.engine import FakeEngine, stay_silent


@pytest.fixture
def beating(settings: Settings) -> Heartbeat:
    path = heartbeat.get_path(settings.engine_sockets[0])
    heartbeat.reset(path)
    return Heartbeat(path)


def write(engine: Heartbeat, last_beat: float, batch_started: float = 0.0) -> None:
    engine._last_beat, engine._batch_started = last_beat, batch_started
    with engine._lock:
        engine._write()


def test_live_while_an_engine_restarts_after_a_quiet_minute(
    web: FlaskClient, beating: Heartbeat, monkeypatch: pytest.MonkeyPatch, engine: FakeEngine
) -> None:
    beating.beat(0.0)
    assert web.get("/livez").status_code == 200
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 100)
    engine.close_connections()
    heartbeat.reset(heartbeat.get_path(web.application.context.settings.engine_sockets[0]))  # type: ignore[attr-defined]
    assert web.get("/livez").status_code == 200
    monkeypatch.setattr(time, "monotonic", lambda: now() + 100 + START_SECONDS + 20)
    assert web.get("/livez").status_code == 503


def test_not_live_when_the_supervisor_does_not_mend_a_hang(
    web: FlaskClient, beating: Heartbeat, settings: Settings
) -> None:
    write(beating, time.monotonic() - settings.stall_seconds - 5)
    assert web.get("/livez").status_code == 200
    write(beating, time.monotonic() - settings.stall_seconds - 15)
    answer = web.get("/livez")
    assert answer.status_code == 503 and "has not moved" in answer.json["error"]["message"]  # type: ignore[index]
    write(beating, time.monotonic(), time.monotonic() - settings.stall_seconds - 15)
    assert "one batch" in web.get("/livez").json["error"]["message"]  # type: ignore[index]


@pytest.mark.parametrize("stopped_for", [0.1, 3.0])
def test_probes_answer_at_once_whatever_hangs(
    web: FlaskClient, engine: FakeEngine, beating: Heartbeat, stopped_for: float
) -> None:
    """Not known to hang yet, it counts as it last was; then it is not ready."""
    beating.beat(0.0)
    assert web.get("/readyz").status_code == 503  # of the models that the stand-in tells of, one never answers
    engine._handler = stay_silent
    write(beating, time.monotonic() - stopped_for)
    for path in ("/livez", "/readyz"):
        began = time.monotonic()
        web.get(path)
        assert time.monotonic() - began < 0.5
