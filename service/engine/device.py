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
from service.engine.busy_time import BusyTime
from service.engine.repository import Key
from service.engine.scheduler import Scheduler
from service.engine.servable import Servable
from service.engine.signature import LoadedSignature
from service.engine.task import Arrays
from service.errors import BadRequest, InkpawError

log = logging.getLogger(__name__)

QueueKey = Key | tuple[str, int, str]  # model, version, and a signature that is not the version's default one


class Device:
    """Signatures by the key of their queue, and the runners, of niceness `nice`. The answers of a batch are sent within
    `corked`. Every signature has a queue of its own, so a batch never mixes signatures.
    """

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
        self._signatures: dict[QueueKey, LoadedSignature] = {}
        self._started: dict[int, float] = {}  # by runner's thread, when its batch started
        self._busy_times = [BusyTime() for _ in range(runners)]
        self._runners = [threading.Thread(target=self._work, args=(busy,), daemon=True) for busy in self._busy_times]

    def start(self) -> None:
        for runner in self._runners:
            runner.start()

    def stop(self) -> None:
        """End after the batches that run now."""
        self.scheduler.close()
        for runner in self._runners:
            runner.join()

    def open_version(self, key: Key, servable: Servable) -> None:
        """Answer with that version; with one of the same signatures in its place already, return after that one's last
        batch."""
        for name, signature in servable.signatures.items():
            self.open(key if name == servable.default_signature else (*key, name), signature)

    def close_version(self, key: Key) -> None:
        """Return once no row of that version waits or runs."""
        for queue_key in self._list_queues(key):
            self.close(queue_key)

    def _list_queues(self, key: Key) -> list[QueueKey]:
        return [queue_key for queue_key in self._signatures.copy() if queue_key[:2] == key]

    def open(self, key: QueueKey, signature: LoadedSignature) -> None:
        if key in self._signatures:
            self.scheduler.swap(key, signature.sizes[-1], lambda: self._signatures.__setitem__(key, signature))
        else:
            self._signatures[key] = signature
            self.scheduler.open(key, signature.sizes[-1], self._max_queue_rows)

    def close(self, key: QueueKey) -> None:
        """Return once no row of that signature waits or runs."""
        self.scheduler.retire(key)
        self._signatures.pop(key, None)

    def get(self, key: QueueKey) -> LoadedSignature | None:
        return self._signatures.get(key)

    @property
    def max_queue_rows(self) -> int:
        """The bound of each queue."""
        return self._max_queue_rows

    @property
    def runner_count(self) -> int:
        return len(self._runners)

    def count_busy_seconds(self, now: float) -> float:
        """Of all runners and of all time, batches that run now included; never goes down. `now` is monotonic."""
        return sum(busy.read(now) for busy in self._busy_times)

    @property
    def is_working(self) -> bool:
        """Whether no runner has died."""
        return all(runner.is_alive() for runner in self._runners)

    @property
    def batch_started(self) -> float:
        """When the batch that has been running longest started; 0.0 if none runs."""
        return min(self._started.copy().values(), default=0.0)

    @property
    def busy_seconds(self) -> float:
        """How long the batch that has been running longest has been running."""
        started = self.batch_started
        return time.monotonic() - started if started else 0.0

    def _work(self, busy: BusyTime) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while batch := self.scheduler.next():
            started = time.monotonic()
            busy.start(started)
            try:
                self._run(self._signatures[batch.key], batch)  # type: ignore[index]
            except Exception:
                log.exception("%s: a batch was lost", batch.key)
                batch.fail(InkpawError("The batch could not be run."))
            finally:
                self._started.pop(threading.get_ident(), None)
                ended = time.monotonic()
                busy.stop(ended)
                self.scheduler.finish(batch, ended - started)

    def _run(self, signature: LoadedSignature, batch: Batch) -> None:
        """Run and answer. If that fails, run each request's rows alone: one request's bad rows fail no other's."""
        started = self._started[threading.get_ident()] = time.monotonic()
        rows = batch.rows
        size = signature.size_for(rows)
        try:
            outputs: Arrays = signature.run(batch.inputs(size))
        except Exception as error:
            if len(batch.pieces) == 1:
                batch.fail(_explain(error, batch))
                return
            for piece in batch.split():
                self._run(signature, piece)
            return
        seconds = time.monotonic() - started
        with self._corked():
            batch.answer(outputs, size)
        metrics.get(metrics.COMPUTE_SECONDS, batch.key[0]).observe(seconds)  # type: ignore[index]
        metrics.get(metrics.BATCH_ROWS, batch.key[0]).observe(rows)  # type: ignore[index]
        if size > rows:
            metrics.get(metrics.BATCH_PADDING, batch.key[0]).inc(size - rows)  # type: ignore[index]


def _explain(error: Exception, batch: Batch) -> InkpawError:
    """What the client gets for rows that the model cannot run. Only a client's mistake is not logged."""
    if isinstance(error, BadRequest):
        return error
    log.error("%s: rows that the model cannot run", batch.key, exc_info=error)
    if isinstance(error, InkpawError):
        return error
    return InkpawError(f"The model could not run these rows: {type(error).__name__}.")
