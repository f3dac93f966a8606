"""The log of every process: one line per event on standard output, JSON or text; docs/logs.md has the fields."""

import logging
import os
import sys
import threading
import time
from select import POLLOUT, poll  # before gevent replaces it in a worker, where it would let others run
from types import TracebackType
from typing import Any, Literal

from pythonjsonlogger.json import JsonFormatter

Format = Literal["auto", "json", "text"]
Role = Literal["master", "worker", "engine", "grpc"]

_MAX_LINE = 4096  # bytes; a pipe keeps lines up to that size whole when several processes write to it
_CUT = "..."
_RENAMED = {"levelname": "level", "name": "logger", "process": "pid", "exc_info": "exception"}
_OURS = ("service", "gunicorn")  # other libraries log from warnings on: at `debug`, Pillow prints parts of images

log = logging.getLogger(__name__)


class LineHandler(logging.Handler):
    """Writes each line by one system call. A line that cannot be written at once is lost, and counted: a log that
    nobody reads must not stop the service.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor, self._lost = descriptor, 0
        self._poll = poll()
        self._poll.register(descriptor, POLLOUT)  # of a pipe: it takes a whole line

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._lost and self._write(_make_lost_record(self._lost)):
                self._lost = 0
            if not self._write(record):
                self._lost += 1
        except Exception:
            self.handleError(record)

    def _write(self, record: logging.LogRecord) -> bool:
        line = self.format(record).encode(errors="backslashreplace") + b"\n"
        try:
            return bool(self._poll.poll(0)) and os.write(self._descriptor, line) > 0
        except OSError:  # closed, or a full disk
            return False


def _make_lost_record(count: int) -> logging.LogRecord:
    return log.makeRecord(log.name, logging.WARNING, "", 0, "%d lines before this one were lost", (count,), None)


class JsonLineFormatter(JsonFormatter):
    """ASCII only, so that no character can be taken for the end of a line."""

    def __init__(self, role: Role) -> None:
        super().__init__(
            ["levelname", "message", "name", "process"],
            rename_fields=_RENAMED,
            static_fields={"role": role},
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        log_data["level"] = log_data["level"].lower()
        return log_data

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = format_time(record.created)
        super().add_fields(log_data, record, message_dict)

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """The line; its longest text is halved until the line is short enough."""
        while len(line := super().jsonify_log_record(log_data)) >= _MAX_LINE:
            longest = max(log_data, key=lambda name: len(str(log_data[name])))
            text = str(log_data[longest])
            half = len(text) // 2 - len(_CUT)
            # of a traceback, the end says what happened
            log_data[longest] = _CUT + text[-half:] if longest == "exception" else text[:half] + _CUT
        return line


def format_time(seconds: float) -> str:
    """A Unix time in UTC, as RFC 3339 has it, with milliseconds."""
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{milliseconds:03d}Z"


def configure_logging(log_format: Format, level: str, role: Role) -> None:
    """Send everything that this process logs to standard output. Called again, it replaces what there was."""
    handler = LineHandler(sys.stdout.fileno())
    handler.setFormatter(_make_formatter(log_format, role))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda hook: _log_uncaught(hook.exc_type, hook.exc_value, hook.exc_traceback)


def _make_formatter(log_format: Format, role: Role) -> logging.Formatter:
    if log_format == "json" or (log_format == "auto" and not sys.stdout.isatty()):
        return JsonLineFormatter(role)
    return logging.Formatter(f"%(asctime)s {role} %(process)d %(levelname)s %(message)s")


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    """The last words of a process or thread."""
    if error is not None and issubclass(kind, Exception):
        log.critical("Uncaught", exc_info=(kind, error, traceback))
    elif error is not None:
        sys.__excepthook__(kind, error, traceback)
