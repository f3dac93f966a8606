"""The tasks of one servable that wait for their batches."""

from collections import deque

from service.engine.batch import Piece
from service.engine.task import Task


class Queue:
    """Tasks in order of arrival, bounded in rows.

    `used_seconds` is the device time of the servable's batches, `last_batch` the rows of its last one, and `last_taken`
    when that was taken. No batch is formed while it is `held`.
    """

    def __init__(self, max_batch_size: int, max_rows: int) -> None:
        self.max_batch_size = max_batch_size
        self.max_rows = max_rows
        self.rows = 0
        self.held = False
        self.used_seconds = 0.0
        self.last_batch = 0
        self.last_taken = float("-inf")
        self._tasks: deque[Task] = deque()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def has_room(self, rows: int) -> bool:
        """A task larger than the bound has room where nothing else waits, or it never would."""
        return not self.rows or self.rows + rows <= self.max_rows

    def put(self, task: Task) -> None:
        self._tasks.append(task)
        self.rows += task.rows

    def oldest(self) -> float:
        """When the first waiting task arrived."""
        return self._tasks[0].arrived

    def sweep(self, now: float) -> list[Task]:
        """Remove tasks that are over or past their deadline; the latter are returned, to be failed."""
        dead = [task for task in self._tasks if task.over or task.deadline <= now]
        for task in dead:
            self._tasks.remove(task)
            self.rows -= task.rows - task.taken
        return [task for task in dead if not task.over]

    def take(self, now: float, limit: int) -> tuple[Piece, ...]:
        """Up to `limit` rows, oldest first; a task too large for what is left is split."""
        pieces, room = [], limit
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
        self.last_batch = limit - room
        self.last_taken = now
        return tuple(pieces)
