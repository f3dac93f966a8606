"""Observing many values at once gives the same histogram as observing them one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from service.metrics import observe_all

BUCKETS = (0.05, 0.5, 0.95, 1.0)


def read_samples(histogram: Histogram) -> dict[tuple[str, str], float]:
    (family,) = histogram.collect()
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for sample in family.samples
        if "created" not in sample.name
    }


@given(st.lists(st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.94, 0.95, 1.0, 2.0]), max_size=20))
def test_each_value_falls_into_its_bucket(values: list[float]) -> None:
    one_by_one = Histogram("one", "One by one.", buckets=BUCKETS, registry=CollectorRegistry())
    at_once = Histogram("one", "At once.", buckets=BUCKETS, registry=CollectorRegistry())
    for value in values:
        one_by_one.observe(value)
    observe_all(at_once, np.array(values))
    assert read_samples(at_once) == pytest.approx(read_samples(one_by_one))
