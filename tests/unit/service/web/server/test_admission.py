"""How many requests a worker takes in hand, by what it has shown that it can do."""

import pytest

from service.web.server.admission import Admission
from tests.unit.service.conftest import FakeClock


def after(seconds_each: float, requests: int = 500, at_once: int = 10, most: int = 512) -> Admission:
    """What a worker has learnt that answered so many requests, one every so often, with always some in hand."""
    clock = FakeClock()
    admission = Admission(most, clock)
    for _ in range(at_once):
        admission.enter()
    for _ in range(requests):
        clock.now += seconds_each
        admission.leave()
        admission.enter()
    return admission


@pytest.mark.parametrize(
    ("seconds_each", "bound"),
    [(0.0001, 512), (0.0005, 150), (0.003, 32), (1.0, 32)],
    ids=["most", "by time", "least", "slow"],
)
def test_as_many_as_are_answered_in_the_time_that_one_may_wait(seconds_each: float, bound: int) -> None:
    assert after(seconds_each).bound == pytest.approx(bound, rel=0.02)


def test_before_anything_is_known_there_is_room() -> None:
    assert Admission(512).bound == 512


def test_the_setting_is_the_most_whatever_is_known() -> None:
    assert after(0.0001, most=3, at_once=2).bound == 3


def test_one_after_another_tells_nothing_of_what_it_can_do() -> None:
    assert after(0.02, at_once=1).bound == 512


def test_it_is_full_at_its_bound() -> None:
    admission = Admission(2)
    admission.enter()
    assert not admission.full
    admission.enter()
    assert admission.full
    admission.leave()
    assert not admission.full


def test_one_stall_turns_nobody_away_who_came_in_before() -> None:
    clock = FakeClock()
    admission = Admission(512, clock)
    for _ in range(40):
        admission.enter()
    clock.now += 2.0
    admission.leave()
    assert not admission.full


def test_one_long_gap_shuts_nobody_out() -> None:
    clock = FakeClock()
    admission = Admission(512, clock)
    for gap in (*[0.0005] * 500, 10.0):
        admission.in_hand = 9
        clock.now += gap
        admission.leave()
    assert admission.bound > 80


def test_answers_that_come_in_batches_count_as_those_that_come_singly() -> None:
    clock = FakeClock()
    admission = Admission(512, clock)
    for at in range(2000):
        admission.in_hand = 9
        clock.now += 0.016 if at % 16 == 0 else 0
        admission.leave()
    assert admission.bound == pytest.approx(75, rel=0.3)
