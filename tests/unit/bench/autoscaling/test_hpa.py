"""Kubernetes' rule for the number of pods."""

import pytest

from tests.bench.autoscaling.hpa import DOWN_WINDOW, MAX_PODS, MIN_PODS, SYNC_SECONDS, Autoscaler, Targets


@pytest.fixture
def autoscaler() -> Autoscaler:
    return Autoscaler(Targets({"busy": 0.5, "cpu": 0.8}))


def test_within_the_tolerance_nothing_changes(autoscaler: Autoscaler) -> None:
    assert autoscaler.decide(0, 4, 4, {"busy": 0.54, "cpu": 0.75}) == 4


def test_the_signal_that_wants_most_decides(autoscaler: Autoscaler) -> None:
    assert autoscaler.decide(0, 4, 4, {"busy": 0.1, "cpu": 1.0}) == 5


def test_at_most_twice_as_many_in_half_a_minute_and_never_more_than_the_maximum(autoscaler: Autoscaler) -> None:
    counts = [2]
    for step in range(4):
        counts.append(autoscaler.decide(step * SYNC_SECONDS, counts[-1], counts[-1], {"busy": 5.0, "cpu": 0.8}))
    assert counts == [2, 4, 4, 4, 8]
    assert autoscaler.decide(300, 8, 8, {"busy": 5.0, "cpu": 0.8}) == MAX_PODS


def test_pods_that_start_are_not_asked_for_again(autoscaler: Autoscaler) -> None:
    assert autoscaler.decide(0, 4, 2, {"busy": 1.0, "cpu": 0.8}) == 4


def test_fewer_pods_only_when_nothing_wanted_more_for_five_minutes_and_then_slowly(autoscaler: Autoscaler) -> None:
    pods = 8
    assert autoscaler.decide(0, pods, pods, {"busy": 0.5, "cpu": 0.8}) == 8
    counts = []
    for now in range(SYNC_SECONDS, DOWN_WINDOW + 200, SYNC_SECONDS):
        pods = autoscaler.decide(now, pods, pods, {"busy": 0.01, "cpu": 0.01})
        counts.append((now, pods))
    assert {count for now, count in counts if now <= DOWN_WINDOW} == {8}
    first, *_ = [now for now, count in counts if count < 8]
    assert [count for now, count in counts if first <= now < first + 60] == [6] * 4
    assert MIN_PODS <= counts[-1][1] < 6
