"""One device: a thread that takes batches from the scheduler and runs them, for as long as there are any."""

import logging
import threading
import time

from service import metrics
from service.engine.batch import Batch
from service.engine.batching import Scheduler
from service.engine.repository import Key
from service.engine.servable import Servable
from service.engine.task import Arrays
from service.errors import InkpawError

log = logging.getLogger(__name__)


class Device:
    """Servables by key, and the thread that runs them."""

    def __init__(self, scheduler: Scheduler, max_queue_rows: int) -> None:
        self.scheduler = scheduler
        self._max_queue_rows = max_queue_rows
        self._servables: dict[Key, Servable] = {}
        self._running: Key | None = None
        self._since = 0.0
        self._thread = threading.Thread(target=self._work, name="device", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that runs now."""
        self.scheduler.close()
        self._thread.join()

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
        """How long the batch that runs now has been running."""
        return time.monotonic() - self._since if self._running else 0.0

    def _work(self) -> None:
        while batch := self.scheduler.next():
            key: Key = batch.key  # type: ignore[assignment]
            self._since, self._running = time.monotonic(), key
            try:
                self._run(self._servables[key], batch)
            except Exception:
                log.exception("%s version %d: a batch was lost", *key)
                batch.fail(InkpawError("The batch could not be run."))
            finally:
                self.scheduler.charge(key, time.monotonic() - self._since)
                self._running = None

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
        batch.answer(outputs, seconds)
        metrics.COMPUTE_SECONDS.labels(batch.key[0]).observe(seconds)  # type: ignore[index]
        metrics.BATCH_ROWS.labels(batch.key[0]).observe(batch.rows)  # type: ignore[index]
