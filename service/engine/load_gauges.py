"""How busy the engine is and what waits in it, as gauges. Its loop sets them twice a second, so no request pays."""

import time
from collections import Counter
from collections.abc import Callable

from service import metrics
from service.engine.busy_time import MovingMean
from service.engine.device import Device

_WINDOW = 10.0  # seconds of the mean: long enough for several batches, and shorter than most scrape intervals


class LoadGauges:
    def __init__(self, device: Device, clock: Callable[[], float] = time.monotonic) -> None:
        self._device, self._clock = device, clock
        self._mean = MovingMean(_WINDOW, clock())
        self._counted = 0.0  # busy seconds
        self._models: set[str] = set()
        metrics.ENGINE_RUNNERS.set(device.runner_count)

    def update(self) -> None:
        now = self._clock()
        busy = self._device.count_busy_seconds(now)
        metrics.ENGINE_BUSY_SECONDS.inc(busy - self._counted)
        self._counted = busy
        metrics.ENGINE_BUSY_RUNNERS.set(self._mean.update(now, busy))
        self._update_queues()

    def _update_queues(self) -> None:
        """A model has several queues, one per version and signature."""
        rows: Counter[str] = Counter()
        fullest: dict[str, int] = {}
        ages: dict[str, float] = {}
        for key, (waiting, age) in self._device.scheduler.measure_queues().items():
            name: str = key[0]  # type: ignore[index]
            rows[name] += waiting
            fullest[name] = max(waiting, fullest.get(name, 0))
            ages[name] = max(age, ages.get(name, 0.0))
        self._models |= set(rows)
        for name in self._models:  # one that is unloaded goes to 0
            metrics.get(metrics.QUEUE_ROWS, name).set(rows[name])
            metrics.get(metrics.QUEUE_FILL, name).set(fullest.get(name, 0) / self._device.max_queue_rows)
            metrics.get(metrics.QUEUE_AGE, name).set(ages.get(name, 0.0))
