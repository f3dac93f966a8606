"""docs/metrics.md lists what /metrics returns."""

import re

from docs.metrics_page import PATH, make_page


def test_page_is_that_of_the_code() -> None:
    assert PATH.read_text() == make_page(), "run make metrics-page"


def test_every_metric_of_the_text_below_the_table_is_in_the_table() -> None:
    *_, table, text = re.split(r"\n(?=\| metric|A histogram)", make_page())
    listed = re.findall(r"^\| `(inkpaw_\w+)`", table, re.MULTILINE)
    assert len(listed) == len(set(listed)) >= 25
    named = {name.removesuffix("_sum") for name in re.findall(r"inkpaw_\w+", text)}
    assert named and named <= set(listed)
