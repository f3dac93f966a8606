"""Lines of the table, their bars, and the file that keeps them."""

from pathlib import Path

import pytest

from tests.bench.report import Curve, Found, Line, keep, kept

BARS = [({"least": 2}, True), ({"least": 2.1}, False), ({"most": 2}, True), ({"most": 1.9}, False), ({}, None)]


@pytest.mark.parametrize(("bar", "holds"), BARS)
def test_median_is_compared_with_the_bar(bar: dict[str, float], holds: bool | None) -> None:
    assert Line("ratio", [9, 1, 2], **bar).holds is holds


def test_bar_of_none_holds_in_every_round() -> None:
    assert not Line("failed", [0, 0, 1], most=0).holds
    assert Line("failed", [0, 0, 0], most=0).holds


def test_new_figures_replace_their_own_and_leave_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    curve = Curve("growth", "connections", {1: {"rate": 5.0, "p99_ms": 1.0}})
    keep("one", Found([Line("old", [1.0])]), file)
    keep("other", Found(curves=[curve]), file)
    keep("one", Found([Line("new", [2.0], most=3)]), file)
    everything = kept(file)
    assert everything.lines == [Line("new", [2.0], most=3)]
    assert everything.curves == [curve]
