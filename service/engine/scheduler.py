"""Forms batches: which rows run together, in which order, and when. Knows neither HTTP nor TensorFlow.

It counts rows, not requests. A task's rows may be spread over several batches; their outputs are joined in order.
Queues share the device by time used: the one that has used least goes next (start-time fair queueing, Goyal et al.
1996), so that a flood of requests for one servable does not starve another.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable

from service.engine.batch import Batch
from service.engine.queue import Queue
from service.engine.task import Task
from service.errors import DeadlineExceeded, Overloaded, Unavailable

_SHARED_SECONDS = 0.1  # after a batch of another servable, for which the device counts as shared

Clock = Callable[[], float]


class Scheduler:
    """The queues of every servable on one device. `submit` from any thread, `next` and `finish` from its runners.

    A batch starts when a runner is free and rows wait. Unless it is full, it also waits until `batch_timeout` seconds
    have passed since its oldest row came, and at most `patience` seconds for as many rows as the last batch had.

    Patience is for a device that is the same cores that the clients and workers run on. Closed-loop clients send again
    at once; waiting for their rows lets them join this batch, and leaves them the cores that they need for it. A lone
    client does not wait. An accelerator should start at once.

    While several servables are in use, a batch has at most 1/`share` of its rows, so that no servable waits long for
    another: on a CPU a row costs hardly more in a small batch.
    """

    def __init__(
        self, batch_timeout: float = 0.0, patience: float = 0.0, share: int = 1, clock: Clock = time.monotonic
    ) -> None:
        self._queues: dict[Hashable, Queue] = {}
        self._running: Counter[Hashable] = Counter()
        self._timeout = batch_timeout
        self._patience = patience
        self._share = share
        self._clock = clock
        self._lock = threading.Lock()
        self._has_work = threading.Condition(self._lock)
        self._has_finished = threading.Condition(self._lock)
        self._closed = False

    def open(self, key: Hashable, max_batch_size: int, max_rows: int) -> None:
        with self._lock:
            self._queues[key] = Queue(max_batch_size, max_rows)

    def close(self) -> None:
        """No more batches; waiting tasks fail with Unavailable."""
        with self._lock:
            self._closed = True
            waiting = [task for queue in self._queues.values() for task in queue.sweep(float("inf"))]
            self._queues.clear()
            self._has_work.notify_all()
            self._has_finished.notify_all()
        for task in waiting:
            task.fail(Unavailable("The service is stopping."))

    def submit(self, key: Hashable, task: Task) -> None:
        """Queue the task. Raises KeyError if there is no such queue, DeadlineExceeded, Overloaded."""
        late: list[Task] = []
        with self._lock:
            queue = self._queues[key]
            task.arrived = self._clock()
            if task.deadline <= task.arrived:
                raise DeadlineExceeded("The request's time had passed before it could be queued.")
            if not queue.has_room(task.rows):
                late = queue.sweep(task.arrived)
            has_room = queue.has_room(task.rows)
            if has_room:
                self._put(queue, task)
        _fail_late(late)
        if not has_room:
            raise Overloaded(f"{queue.rows} rows are waiting already, of at most {queue.max_rows}.")

    def _put(self, queue: Queue, task: Task) -> None:
        if first := not queue:  # an idle servable has no claim on the time that it did not use
            busy = [other.used_seconds for other in self._queues.values() if other]
            queue.used_seconds = max(queue.used_seconds, min(busy, default=queue.used_seconds))
        queue.put(task)
        if first or queue.rows >= min(queue.last_batch, queue.max_batch_size):
            self._has_work.notify()  # otherwise a runner is waiting already, for more rows than there are

    def retire(self, key: Hashable) -> None:
        """Remove a queue once none of its rows waits or runs; tasks submitted before are answered first."""
        with self._lock:
            self._has_finished.wait_for(lambda: self._closed or not (self._queues[key] or self._running[key]))
            self._queues.pop(key, None)

    def swap(self, key: Hashable, max_batch_size: int, swap: Callable[[], None]) -> None:
        """Call `swap`, which puts another servable in the place of this one, while no batch of it runs; its rows wait
        meanwhile."""
        with self._lock:
            queue = self._queues.get(key)
            if queue is None:  # closed
                return
            queue.held = True
            self._has_finished.wait_for(lambda: self._closed or not self._running[key])
            swap()
            queue.max_batch_size, queue.held = max_batch_size, False
            self._has_work.notify_all()

    def measure_queues(self) -> dict[Hashable, tuple[int, float]]:
        """By servable: rows that wait, and for how many seconds the oldest has."""
        with self._lock:
            now = self._clock()
            return {key: (queue.rows, now - queue.oldest() if queue else 0.0) for key, queue in self._queues.items()}

    def next(self) -> Batch | None:
        """Wait for the next batch; None once the scheduler is closed. The caller must `finish` it."""
        while not self._closed:
            late: list[Task] = []
            with self._lock:
                now = self._clock()
                for queue in self._queues.values():
                    late += queue.sweep(now)
                batch, wait = self._form_batch(now)
                if batch is not None:
                    self._running[batch.key] += 1
                    if any(self._queues.values()):
                        self._has_work.notify()  # there is work for another runner
                elif not late and not self._closed:
                    self._has_work.wait(wait)
            _fail_late(late)
            if batch is not None:
                return batch
        return None

    def finish(self, batch: Batch, seconds: float) -> None:
        """The batch has been answered; its servable has used that much time of the device."""
        with self._lock:
            self._running[batch.key] -= 1
            queue = self._queues.get(batch.key)
            if queue is not None:  # an empty queue is false, and has used its time all the same
                queue.used_seconds += seconds
            self._has_finished.notify_all()

    def _form_batch(self, now: float) -> tuple[Batch | None, float | None]:
        """A batch that may start now, or seconds to wait for one (None: until something changes)."""
        waits = []
        for key, queue in sorted(self._queues.items(), key=lambda item: (item[1].used_seconds, item[1].last_taken)):
            if not queue or queue.held:
                continue
            patience = self._patience if queue.rows < queue.last_batch else 0.0
            wait = queue.oldest() + max(self._timeout, patience) - now
            if wait <= 0 or queue.rows >= queue.max_batch_size:
                return Batch(key, queue.take(now, self._limit_rows(queue, now))), None
            waits.append(wait)
        return None, min(waits, default=None)

    def _limit_rows(self, queue: Queue, now: float) -> int:
        """Rows that the next batch may have: fewer while other servables share the device."""
        others = (other for other in self._queues.values() if other is not queue)
        if any(now - other.last_taken < _SHARED_SECONDS for other in others):
            return max(1, queue.max_batch_size // self._share)
        return queue.max_batch_size


def _fail_late(late: list[Task]) -> None:
    """Called without the lock: what a task does on failure is its own."""
    for task in late:
        task.fail(DeadlineExceeded("The request waited for its batch until its time had passed."))
