"""Rows as CSV, JSON lines or Parquet. A file that is there already is read and continued."""

import csv
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, ClassVar

from .exit_codes import UsageError
from .rows import COLUMNS, Row

STDOUT = "-"


class Output:
    """Text with one line per row, appended to a file or printed. `rows` are those that were there before."""

    name: ClassVar[str]

    def __init__(self, path: str) -> None:
        self.rows: list[Row] = []
        self._file: IO[str] = sys.stdout
        if path != STDOUT:
            try:
                self.rows = self._read_rows(Path(path))
                self._file = Path(path).open("a", encoding="utf-8", newline="")  # noqa: SIM115
            except OSError as error:
                raise UsageError(f"'{path}' cannot be written: {error.strerror}.") from None
            except (ValueError, KeyError, TypeError, csv.Error):
                raise UsageError(f"'{path}' was not written by this command; choose another file.") from None
        self.begin()

    def begin(self) -> None:
        """What comes before the first row."""

    def write(self, rows: Iterable[Row]) -> None:
        """The rows are in the file when this returns, whatever ends the process then."""
        for row in rows:
            self.write_row(row)
        self._file.flush()

    def close(self) -> None:
        if self._file is not sys.stdout:
            self._file.close()

    def write_row(self, row: Row) -> None:
        raise NotImplementedError

    def parse(self, lines: Iterable[str]) -> list[Row]:
        """Raises ValueError, KeyError, TypeError or csv.Error for what such a file cannot hold."""
        raise NotImplementedError

    def _read_rows(self, path: Path) -> list[Row]:
        """Cuts off a last line that was not written to its end. Raises ValueError, KeyError, TypeError, csv.Error."""
        if not path.exists() or not path.stat().st_size:
            return []
        with path.open(encoding="utf-8", newline="") as file:
            rows = self.parse(line for line in file if line.endswith("\n"))
        _cut_last_line(path)  # not before: the file may be somebody else's
        return rows


class CsvOutput(Output):
    name = "csv"

    def begin(self) -> None:
        self._writer = csv.writer(self._file, lineterminator="\n")
        if self._file is sys.stdout or not self._file.tell():
            self._writer.writerow(COLUMNS)
            self._file.flush()

    def write_row(self, row: Row) -> None:
        self._writer.writerow([row[name] for name in COLUMNS])

    def parse(self, lines: Iterable[str]) -> list[Row]:
        reader = csv.DictReader(lines, strict=True)
        rows = list(reader)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError("other columns")
        return rows


class JsonLinesOutput(Output):
    name = "jsonl"

    def write_row(self, row: Row) -> None:
        self._file.write(json.dumps(row) + "\n")

    def parse(self, lines: Iterable[str]) -> list[Row]:
        rows = [json.loads(line) for line in lines]
        if not rows or any(not isinstance(row, dict) or not set(COLUMNS) <= set(row) for row in rows):
            raise ValueError("other fields")
        return rows


def _cut_last_line(path: Path, step: int = 1 << 16) -> None:
    """Leaves whole lines only, as a process that was killed may have written a part of one."""
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        while end:
            start = max(0, end - step)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        file.truncate(end)
