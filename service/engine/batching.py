"""Forming batches: which rows run together, in which order, and when. Knows neither HTTP nor TensorFlow.

Rows are counted, never requests. A task's rows may be spread over several batches and are joined again in order. Queues
share the device by time used: the one that has used least goes next (start-time fair queueing, Goyal et al. 1996), so
a flood of one servable does not starve another.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable

from service.engine.batch import Batch, Piece
from service.engine.task import Task
from service.errors import DeadlineExceeded, Overloaded, Unavailable

Clock = Callable[[], float]


class Queue:
    """The tasks of one servable that wait, in order of arrival, bounded in rows."""

    def __init__(self, max_batch_size: int, max_rows: int) -> None:
        self.max_batch_size = max_batch_size
        self.max_rows = max_rows
        self.rows = 0
        self.used = 0.0
        self.last_batch = 0
        self._tasks: deque[Task] = deque()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def has_room(self, rows: int) -> bool:
        """A task larger than the bound is let in where nothing else waits, or it never could be."""
        return not self.rows or self.rows + rows <= self.max_rows

    def put(self, task: Task) -> None:
        self._tasks.append(task)
        self.rows += task.rows

    def oldest(self) -> float:
        """When the first waiting task arrived."""
        return self._tasks[0].arrived

    def sweep(self, now: float) -> list[Task]:
        """Take out what is over or too late, and give back the late ones, to be told."""
        dead = [task for task in self._tasks if task.over or task.deadline <= now]
        for task in dead:
            self._tasks.remove(task)
            self.rows -= task.rows - task.taken
        return [task for task in dead if not task.over]

    def take(self, now: float) -> tuple[Piece, ...]:
        """Up to `max_batch_size` rows, oldest first; a task too large for what is left is split."""
        pieces, room = [], self.max_batch_size
        while room and self._tasks:
            task = self._tasks[0]
            if task.taken == 0:
                task.started = now
            stop = min(task.rows, task.taken + room)
            pieces.append(Piece(task, task.taken, stop))
            room -= stop - task.taken
            self.rows -= stop - task.taken
            task.taken = stop
            if stop == task.rows:
                self._tasks.popleft()
        self.last_batch = self.max_batch_size - room
        return tuple(pieces)


class Scheduler:
    """The queues of every servable on one device. `submit` from any thread, `next` and `finish` from its runners.

    A batch starts when a runner is free and rows wait; but, unless it is full, not before `batch_timeout` has passed
    for the oldest of them, and not before there are as many as the batch before had, for `patience` at most. Both in
    seconds. Patience is for a device that is the very cores the senders run on: those who have just been answered are
    about to ask again, and to start before they have takes from them what they need for it. It costs one who comes
    alone nothing. An accelerator of its own should start at once.
    """

    def __init__(self, batch_timeout: float = 0.0, patience: float = 0.0, clock: Clock = time.monotonic) -> None:
        self._queues: dict[Hashable, Queue] = {}
        self._running: Counter[Hashable] = Counter()
        self._timeout = batch_timeout
        self._patience = patience
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
        for key, queue in sorted(self._queues.items(), key=lambda item: item[1].used):
            if not queue:
                continue
            patience = self._patience if queue.rows < queue.last_batch else 0.0
            ready_in = queue.oldest() + max(self._timeout, patience) - now
            if ready_in <= 0 or queue.rows >= queue.max_batch_size:
                return Batch(key, queue.take(now)), None
            waits.append(ready_in)
        return None, min(waits, default=None)


def _tell(late: list[Task]) -> None:
    """Outside the lock: what they do with it is their own."""
    for task in late:
        task.fail(DeadlineExceeded("The request waited for its batch until its time had passed."))
