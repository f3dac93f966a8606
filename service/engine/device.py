"""One device: its runners are threads that take batches from the scheduler and run them.

A CPU has as many runners as cores, and each runs a batch by itself. That answers more than cores that share a batch,
which spend a fifth to a half of their time on sharing it. An accelerator has one runner.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from service import metrics
from service.engine.batch import Batch
from service.engine.repository import Key
from service.engine.scheduler import Scheduler
from service.engine.servable import Servable
from service.engine.task import Arrays
from service.errors import InkpawError

log = logging.getLogger(__name__)


class Device:
    """Servables by key, and the runners, of niceness `nice`. The answers of a batch are sent within `corked`."""

    def __init__(
        self,
        scheduler: Scheduler,
        max_queue_rows: int,
        runners: int = 1,
        corked: Callable[[], AbstractContextManager[None]] = nullcontext,
        nice: int = 0,
    ) -> None:
        self.scheduler = scheduler
        self._corked = corked
        self._nice = nice
        self._max_queue_rows = max_queue_rows
        self._servables: dict[Key, Servable] = {}
        self._started: dict[int, float] = {}  # by runner, when its batch started
        self._runners = [threading.Thread(target=self._work, args=(index,), daemon=True) for index in range(runners)]

    def start(self) -> None:
        for runner in self._runners:
            runner.start()

    def stop(self) -> None:
        """End after the batches that run now."""
        self.scheduler.close()
        for runner in self._runners:
            runner.join()

    def open(self, key: Key, servable: Servable) -> None:
        self._servables[key] = servable
        self.scheduler.open(key, servable.sizes[-1], self._max_queue_rows)

    def close(self, key: Key) -> None:
        """Return once no row of that servable waits or runs."""
        self.scheduler.retire(key)
        self._servables.pop(key, None)

    def get(self, key: Key) -> Servable | None:
        return self._servables.get(key)

    @property
    def busy_seconds(self) -> float:
        """How long the batch that has been running longest has been running."""
        started = self._started.copy().values()
        return time.monotonic() - min(started) if started else 0.0

    def _work(self, runner: int) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while batch := self.scheduler.next():
            self._started[runner] = started = time.monotonic()
            try:
                self._run(self._servables[batch.key], batch)  # type: ignore[index]
            except Exception:
                log.exception("%s version %d: a batch was lost", *batch.key)  # type: ignore[misc]
                batch.fail(InkpawError("The batch could not be run."))
            finally:
                del self._started[runner]
                self.scheduler.finish(batch, time.monotonic() - started)

    def _run(self, servable: Servable, batch: Batch) -> None:
        """Run and answer. If that fails, run each request's rows alone: one request's bad rows fail no other's."""
        started = time.monotonic()
        try:
            outputs: Arrays = servable.run(batch.inputs(servable.size_for(batch.rows)))
        except Exception as error:
            if len(batch.pieces) == 1:
                log.exception("%s: rows that the model cannot run", batch.key)
                batch.fail(InkpawError(f"The model could not run these rows: {type(error).__name__}."))
                return
            for piece in batch.split():
                self._run(servable, piece)
            return
        seconds = time.monotonic() - started
        with self._corked():
            batch.answer(outputs)
        metrics.get(metrics.COMPUTE_SECONDS, batch.key[0]).observe(seconds)  # type: ignore[index]
        metrics.get(metrics.BATCH_ROWS, batch.key[0]).observe(batch.rows)  # type: ignore[index]
