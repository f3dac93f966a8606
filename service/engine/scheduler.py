"""Forming batches: which rows run together, in which order, and when. Knows neither HTTP nor TensorFlow.

Rows are counted, never requests. A task's rows may be spread over several batches and are joined again in order. Queues
share the device by time used: the one that has used least goes next (start-time fair queueing, Goyal et al. 1996), so
a flood of one servable does not starve another.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable

from service.engine.batch import Batch
from service.engine.queue import Queue
from service.engine.task import Task
from service.errors import DeadlineExceeded, Overloaded, Unavailable

_SHARED = 0.1  # seconds since another servable ran, for which the device counts as shared

Clock = Callable[[], float]


class Scheduler:
    """The queues of every servable on one device. `submit` from any thread, `next` and `finish` from its runners.

    A batch starts when a runner is free and rows wait; but, unless it is full, not before `batch_timeout` has passed
    for the oldest of them, and not before there are as many as the batch before had, for `patience` at most. Both in
    seconds. Patience is for a device that is the very cores the senders run on: those who have just been answered are
    about to ask again, and to start before they have takes from them what they need for it. It costs one who comes
    alone nothing. An accelerator of its own should start at once.

    While several servables are in use, a batch has at most one part in `share` of the rows that it may have, so that
    none waits long for another's: on a CPU the rows cost hardly more for it.
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
        self._work = threading.Condition(self._lock)
        self._done = threading.Condition(self._lock)
        self._closed = False

    def open(self, key: Hashable, max_batch_size: int, max_rows: int) -> None:
        with self._lock:
            self._queues[key] = Queue(max_batch_size, max_rows)

    def close(self) -> None:
        """No more batches; what still waits is told that the service stops."""
        with self._lock:
            self._closed = True
            left = [task for queue in self._queues.values() for task in queue.sweep(float("inf"))]
            self._queues.clear()
            self._work.notify_all()
            self._done.notify_all()
        for task in left:
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
            room = queue.has_room(task.rows)
            if room:
                self._put(queue, task)
        _tell(late)
        if not room:
            raise Overloaded(f"{queue.rows} rows are waiting already, of {queue.max_rows} that may.")

    def _put(self, queue: Queue, task: Task) -> None:
        if first := not queue:  # an idle servable has no claim on the time that it did not use
            busy = [other.used for other in self._queues.values() if other]
            queue.used = max(queue.used, min(busy, default=queue.used))
        queue.put(task)
        if first or queue.rows >= min(queue.last_batch, queue.max_batch_size):
            self._work.notify()  # otherwise a runner is waiting already for as many as are wanted

    def retire(self, key: Hashable) -> None:
        """Forget a queue once none of its rows waits or runs; whatever was submitted before is answered first."""
        with self._lock:
            self._done.wait_for(lambda: self._closed or not (self._queues[key] or self._running[key]))
            self._queues.pop(key, None)

    def rows(self, key: Hashable) -> int:
        """Rows waiting for that servable."""
        queue = self._queues.get(key)
        return queue.rows if queue else 0

    def next(self) -> Batch | None:
        """The next batch, waited for; None once the scheduler is closed. Whoever takes one must `finish` it."""
        while not self._closed:
            late: list[Task] = []
            with self._lock:
                now = self._clock()
                for queue in self._queues.values():
                    late += queue.sweep(now)
                batch, wait = self._form(now)
                if batch is not None:
                    self._running[batch.key] += 1
                    if any(self._queues.values()):
                        self._work.notify()  # there is work for another runner
                elif not late and not self._closed:
                    self._work.wait(wait)
            _tell(late)
            if batch is not None:
                return batch
        return None

    def finish(self, batch: Batch, seconds: float) -> None:
        """The batch has been answered; its servable has used that much of the device."""
        with self._lock:
            self._running[batch.key] -= 1
            queue = self._queues.get(batch.key)
            if queue is not None:  # an empty queue is false, and has used its time all the same
                queue.used += seconds
            self._done.notify_all()

    def _form(self, now: float) -> tuple[Batch | None, float | None]:
        """A batch that may start now, or how long to wait for one (None: until something changes)."""
        waits = []
        for key, queue in sorted(self._queues.items(), key=lambda item: (item[1].used, item[1].last_taken)):
            if not queue:
                continue
            patience = self._patience if queue.rows < queue.last_batch else 0.0
            ready_in = queue.oldest() + max(self._timeout, patience) - now
            if ready_in <= 0 or queue.rows >= queue.max_batch_size:
                return Batch(key, queue.take(now, self._most(queue, now))), None
            waits.append(ready_in)
        return None, min(waits, default=None)

    def _most(self, queue: Queue, now: float) -> int:
        """Rows of the next batch: fewer while others share the device, so that theirs do not wait for all of it."""
        others = (other for other in self._queues.values() if other is not queue)
        if any(now - other.last_taken < _SHARED for other in others):
            return max(1, queue.max_batch_size // self._share)
        return queue.max_batch_size


def _tell(late: list[Task]) -> None:
    """Outside the lock: what they do with it is their own."""
    for task in late:
        task.fail(DeadlineExceeded("The request waited for its batch until its time had passed."))
