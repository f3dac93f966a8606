"""One line per event: JSON that no text can break, of bounded length, or text for people."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.logs import JsonLineFormatter, LineHandler, format_time

ROOT = Path(__file__).parents[3]


def make_record(message: str, error: Exception | None = None, **extra: Any) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("service.x", logging.WARNING, "x.py", 1, "%s", (message,), trace)
    vars(record).update(extra)
    return record


def format_line(record: logging.LogRecord) -> str:
    return JsonLineFormatter("worker").format(record)


def run(code: str, log_format: str = "auto") -> subprocess.CompletedProcess[str]:
    setup = f"configure_logging({log_format!r}, 'info', 'engine')\n"
    program = "import logging\nfrom service.logs import configure_logging\n" + setup + code
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)


def test_line_has_time_level_role_and_extra_fields() -> None:
    fields = json.loads(format_line(make_record("Hello", status=200)))
    assert fields.pop("time").endswith("Z")
    assert fields == {
        "level": "warning",
        "message": "Hello",
        "logger": "service.x",
        "pid": os.getpid(),
        "role": "worker",
        "status": 200,
    }


@given(st.text(st.characters(exclude_categories=[])), st.text())
def test_no_text_can_end_a_line_or_forge_a_field(message: str, extra: str) -> None:
    line = format_line(make_record(message, path=extra, error=ValueError(extra)))
    assert line.isascii() and line.isprintable() and len(line.splitlines()) == 1
    fields = json.loads(line)
    assert (fields["message"], fields["level"], fields["path"]) == (message, "warning", extra)


@given(st.text(min_size=1), st.integers(1, 5000))
def test_line_fits_into_one_write_to_a_pipe(text: str, times: int) -> None:
    line = format_line(make_record(text * times, ValueError(text * times)))
    assert len(line) < 4096
    assert json.loads(line)["level"] == "warning"


def test_long_message_keeps_its_start_and_long_traceback_its_end() -> None:
    fields = json.loads(format_line(make_record("start" + "x" * 9999, ValueError("y" * 9999 + "end"))))
    assert fields["message"].startswith("start") and fields["exception"].endswith("end")


def test_time_is_rfc_3339_in_utc() -> None:
    assert format_time(1700000000.9876) == "2023-11-14T22:13:20.987Z"


def test_everything_that_python_reports_is_json_on_standard_output() -> None:
    code = """
import threading, warnings
logging.getLogger("service.x").info("one")
logging.getLogger("gunicorn.error").info("two")
logging.getLogger("PIL").info("never")
warnings.warn("three")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start(); thread.join()
raise ValueError("five")
"""
    ended = run(code)
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line["level"] for line in lines] == ["info", "info", "warning", "critical", "critical"]
    assert {line["role"] for line in lines} == {"engine"}
    assert "three" in lines[2]["message"] and "ZeroDivisionError" in lines[3]["exception"]
    assert lines[4]["exception"].endswith("ValueError: five")
    assert (ended.returncode, ended.stderr) == (1, "")


def test_text_is_for_people() -> None:
    assert run("logging.getLogger('service.x').info('one')", "text").stdout.rstrip().endswith("INFO one")


@pytest.mark.parametrize("error", ["closed", "full"])
def test_line_that_cannot_be_written_is_lost_without_an_error(error: str, capsys: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    if error == "closed":
        os.close(reader)
    handler = LineHandler(writer)
    for _ in range(100):
        handler.handle(make_record("x" * 4000))
    assert capsys.readouterr().err == ""


def test_lost_lines_are_counted_once_the_log_is_read_again() -> None:
    reader, writer = os.pipe()
    handler = LineHandler(writer)
    for _ in range(100):
        handler.handle(make_record("x" * 4000))
    kept = os.read(reader, 1 << 20).count(b"\n")
    handler.handle(make_record("y"))
    assert os.read(reader, 1 << 20).decode().splitlines() == [f"{100 - kept} lines before this one were lost", "y"]
