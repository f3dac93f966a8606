"""A library's lines in the log, at most one per minute: OpenTelemetry writes one for each span that is lost."""

import logging
import time

log = logging.getLogger(__name__)

_INTERVAL = 60.0  # seconds


class _OneLinePerMinute(logging.Handler):
    """Writes a line as this service's own, and counts those that it leaves out."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next, self._left_out = 0.0, 0

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now < self._next:
            self._left_out += 1
            return
        self._next = now + _INTERVAL
        log.warning("Traces are lost: %s (%d more such lines since the last)", record.getMessage(), self._left_out)
        self._left_out = 0


def limit_lines(logger: logging.Logger) -> None:
    logger.handlers[:] = [_OneLinePerMinute()]
    logger.propagate = False
