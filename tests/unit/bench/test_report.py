"""Metrics and their targets."""

import pytest

from tests.bench.report import Metric

TARGETS = [
    ({"minimum": 2}, True),
    ({"minimum": 2.1}, False),
    ({"maximum": 2}, True),
    ({"maximum": 1.9}, False),
    ({}, None),
]


@pytest.mark.parametrize(("target", "is_met"), TARGETS)
def test_median_is_compared_with_the_target(target: dict[str, float], is_met: bool | None) -> None:
    assert Metric("ratio", [9, 1, 2], **target).is_met is is_met


def test_every_round_must_meet_a_maximum_of_zero() -> None:
    assert not Metric("failed", [0, 0, 1], maximum=0).is_met
    assert Metric("failed", [0, 0, 0], maximum=0).is_met
