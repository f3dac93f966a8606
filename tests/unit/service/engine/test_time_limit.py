"""A call that hangs is left behind."""

import threading

import pytest

from service.engine.time_limit import TimeLimit
from tests.support.waiting import wait_until


def test_what_the_call_returns_or_raises_is_passed_on() -> None:
    limit = TimeLimit[int](5.0, lambda _: None)
    assert limit.call(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        limit.call(lambda: 1 // 0)


def test_a_call_that_takes_too_long_is_given_up_and_its_result_discarded() -> None:
    go, discarded = threading.Event(), list[int]()
    limit = TimeLimit[int](0.01, discarded.append)
    with pytest.raises(TimeoutError, match="within"):
        limit.call(lambda: 7 if go.wait(5) else 0)
    go.set()
    wait_until(lambda: discarded == [7])
