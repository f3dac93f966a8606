"""How long runners have been busy: of one runner in total, and of all of them over the last seconds."""

from collections import deque


class BusyTime:
    """Seconds for which one runner has been busy, the batch of now included. The runner writes, any thread reads.

    Both numbers are in one tuple, replaced at once: a reader never sees time twice or not at all.
    """

    def __init__(self) -> None:
        self._record = 0.0, 0.0  # of earlier batches, and when the batch of now started

    def start(self, now: float) -> None:
        self._record = self._record[0], now

    def stop(self, now: float) -> None:
        total, started = self._record
        self._record = total + now - started, 0.0

    def read(self, now: float) -> float:
        total, started = self._record
        return total + max(0.0, now - started) if started else total


class MovingMean:
    """By how much a total that only grows has grown per second, over the last `seconds`."""

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self._readings = deque([(now, 0.0)])

    def update(self, now: float, total: float) -> float:
        """The mean with this reading; one reading from before the window's start is kept as its base."""
        readings = self._readings
        readings.append((now, total))
        while len(readings) > 2 and readings[1][0] <= now - self._seconds:
            readings.popleft()
        since, base = readings[0]
        return (total - base) / (now - since) if now > since else 0.0
