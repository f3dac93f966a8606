"""The simulated pod: an idle one answers at once, a full one refuses."""

import numpy as np
import pytest

from tests.bench.autoscaling.pod import Pod, Rest
from tests.bench.autoscaling.service_times import ServiceTimes

TIMES = ServiceTimes("test", 0.001, (1, 2, 4), (0.002, 0.003, 0.005))  # on two cores at most 890 rows per second


def run(rate: float) -> Rest:
    return Pod(TIMES, np.random.default_rng(0)).run(rate, 3000)


def test_batches_grow_until_rows_get_hardly_cheaper() -> None:
    assert TIMES.largest_batch == 4
    assert ServiceTimes("test", 0.001, (1, 2, 4), (0.002, 0.0022, 0.0044)).largest_batch == 2


def test_idle_pod_takes_the_sum_of_its_service_times() -> None:
    rest = run(1)
    assert rest.rejected == 0
    assert np.median(rest.latencies) == pytest.approx(0.003, rel=0.1)
    assert rest.busy_cores / rest.seconds == pytest.approx(0.003, rel=0.1)


def test_full_pod_refuses_and_what_it_takes_waits_little() -> None:
    rest = run(2000)
    assert rest.rejected / rest.arrived > 0.4
    assert rest.busy_cores / rest.seconds > 1.95
    assert max(rest.latencies) < 0.3
