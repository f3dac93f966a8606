"""What lasts is logged once, or once in a while."""

import pytest

from service.engine.problem_log import ProblemLog
from tests.unit.service.conftest import FakeClock


def test_what_lasts_is_repeated_after_its_time(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    log = ProblemLog(60.0, clock)
    for _ in range(121):
        log.update({"models": "It is gone."})
        clock.now += 1.0
    assert [record.getMessage() for record in caplog.records] == ["models: It is gone."] * 3


def test_what_comes_again_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    log = ProblemLog()
    news = [log.update(problems) for problems in ({"a": "x"}, {"a": "x"}, {"a": "y"}, {}, {"a": "y"})]
    assert news == [["a"], [], [], [], ["a"]]
    assert [record.getMessage() for record in caplog.records] == ["a: x", "a: y", "a: y"]
