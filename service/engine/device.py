"""One device: its runners, threads that take batches from the scheduler and run them, for as long as there are any.

A CPU has as many runners as cores, each of which runs a batch by itself: that answers more than cores that share a
batch, which spend a fifth to a half of their time on sharing it. An accelerator has one.
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
    """Servables by key, and the runners that run them, at that niceness; a batch is answered within `together`."""

    def __init__(
        self,
        scheduler: Scheduler,
        max_queue_rows: int,
        runners: int = 1,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
        nice: int = 0,
    ) -> None:
        self.scheduler = scheduler
        self._together = together
        self._nice = nice
        self._max_queue_rows = max_queue_rows
        self._servables: dict[Key, Servable] = {}
        self._since: dict[int, float] = {}
        self._runners = [threading.Thread(target=self._work, args=(each,), daemon=True) for each in range(runners)]

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

    def servable(self, key: Key) -> Servable | None:
        return self._servables.get(key)

    @property
    def busy_seconds(self) -> float:
        """How long the batch that has been running longest has been running."""
        since = self._since.copy().values()
        return time.monotonic() - min(since) if since else 0.0

    def _work(self, runner: int) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while batch := self.scheduler.next():
            self._since[runner] = started = time.monotonic()
            try:
                self._run(self._servables[batch.key], batch)  # type: ignore[index]
            except Exception:
                log.exception("%s version %d: a batch was lost", *batch.key)  # type: ignore[misc]
                batch.fail(InkpawError("The batch could not be run."))
            finally:
                del self._since[runner]
                self.scheduler.finish(batch, time.monotonic() - started)

    def _run(self, servable: Servable, batch: Batch) -> None:
        """Run and answer; if that fails, run each request's rows alone, so that one's bad rows are not another's."""
        started = time.monotonic()
        try:
            outputs: Arrays = servable.run(batch.inputs(servable.size_for(batch.rows)))
        except Exception as error:
            if len(batch.pieces) == 1:
                log.exception("%s: rows that the model cannot run", batch.key)
                batch.fail(InkpawError(f"The model could not run these rows: {type(error).__name__}."))
                return
            for alone in batch.alone():
                self._run(servable, alone)
            return
        seconds = time.monotonic() - started
        with self._together():
            batch.answer(outputs, seconds)
        metrics.of(metrics.COMPUTE_SECONDS, batch.key[0]).observe(seconds)  # type: ignore[index]
        metrics.of(metrics.BATCH_ROWS, batch.key[0]).observe(batch.rows)  # type: ignore[index]
