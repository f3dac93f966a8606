"""Which requests get a line, and what is in it."""

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service.settings import Settings
from service.web.api.native import predict
from service.web.app import create_app
from service.web.middleware import access_log
from service.web.middleware.access_log import make_loggable, select
from service.web.rate_limit import RateLimit
from tests.support.engine import FakeEngine
from tests.support.pictures import make_png
from tests.unit.service.conftest import FakeClock

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def web(settings: Settings, engine: FakeEngine, caplog: pytest.LogCaptureFixture) -> FlaskClient:
    """A client whose every request gets a line."""
    caplog.set_level(logging.INFO)
    return create_app(settings.model_copy(update={"access_log": 1.0})).test_client()


def get_line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The fields of the only access line."""
    (record,) = [record for record in caplog.records if record.name == "service.access"]
    return vars(record) | {"text": record.getMessage()}


def test_line_has_what_an_operator_asks_for(web: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    image = make_png(7)
    headers = {"X-Request-Id": "abc", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    answer = web.post("/predict/echo?top=3", data=image, headers=headers)
    line = get_line(caplog)
    expected = {
        "levelname": "INFO",
        "method": "POST",
        "path": "/predict/echo",
        "protocol": "predict",
        "model": "echo",
        "version": "2",
        "status": 200,
        "bytes_in": len(image),
        "bytes_out": len(answer.data),
        "request_id": "abc",
        "trace_id": TRACE,
        "parent_id": PARENT,
        "text": "POST /predict/echo 200 (abc)",
    }
    assert expected.items() <= line.items()
    assert 0 < line["seconds"] < 60


def test_line_has_nothing_of_query_headers_and_body(web: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"Authorization": "hidden", "User-Agent": "hidden", "Content-Type": "hidden", "traceparent": "hidden"}
    web.post("/predict/echo?name=hidden", data=b"hidden", headers=headers | {"X-Request-Id": "hidden data"})
    assert "hidden" not in repr(get_line(caplog))


def test_unexpected_error_has_the_id_of_the_answer_in_both_its_lines(
    web: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "read_uploads", lambda *_: 1 / 0)
    answer = web.post("/predict/echo", data=make_png(1))
    lines = [(record.levelname, vars(record)["request_id"]) for record in caplog.records]
    assert lines == [("ERROR", answer.headers["X-Request-Id"])] * 2


def test_share_of_the_requests_is_selected_and_every_failure() -> None:
    assert not any(select(200, 0.0) for _ in range(100))
    assert all(select(404, 1.0) for _ in range(100))
    assert 100 < sum(select(200, 0.2) for _ in range(1000)) < 300
    assert all(select(status, 0.0) for status in (500, 504) for _ in range(100))


def test_rejections_are_bounded_and_the_rest_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setattr(access_log, "_rejections", RateLimit(5, clock))
    assert sum(select(503, 1.0) for _ in range(100)) == 5
    clock.now += 1
    assert select(503, 0.0)
    access_log.write(503, "abc", lambda _: None, path="/")
    line = get_line(caplog)
    assert (line["levelname"], line["unlogged"]) == ("WARNING", 95)


@given(st.text(), st.integers(0, 3))
def test_path_is_visible_ascii_of_bounded_length(text: str, times: int) -> None:
    path = make_loggable("/" + text * 10**times)
    assert all("!" <= character <= "~" for character in path)
    assert len(path) < 203 * 12


@pytest.mark.parametrize("path", ["/", "/predict/net:1/x%20y", "/" + "x" * 199])
def test_usual_path_is_logged_as_it_is(path: str) -> None:
    assert make_loggable(path) == path
