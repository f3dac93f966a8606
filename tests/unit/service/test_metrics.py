"""Many observations at once are what they would be one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from service.metrics import observe_all

BUCKETS = (0.05, 0.5, 0.95, 1.0)


def samples(histogram: Histogram) -> dict[tuple[str, str], float]:
    (family,) = histogram.collect()
    return {(each.name, each.labels.get("le", "")): each.value for each in family.samples if "created" not in each.name}


@given(st.lists(st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.94, 0.95, 1.0, 2.0]), max_size=20))
def test_each_value_falls_into_its_bucket(values: list[float]) -> None:
    one = Histogram("one", "One by one.", buckets=BUCKETS, registry=CollectorRegistry())
    all_ = Histogram("one", "At once.", buckets=BUCKETS, registry=CollectorRegistry())
    for value in values:
        one.observe(value)
    observe_all(all_, np.array(values))
    assert samples(all_) == pytest.approx(samples(one))
