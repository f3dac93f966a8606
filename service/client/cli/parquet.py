"""Rows as Parquet. Such a file cannot be appended to, so rows wait in JSON lines beside it until the run ends."""

from pathlib import Path
from typing import Any

from .exit_codes import UsageError
from .outputs import STDOUT, JsonLinesOutput
from .rows import COLUMNS

JOURNAL_SUFFIX = ".part.jsonl"


class ParquetOutput(JsonLinesOutput):
    name = "parquet"

    def __init__(self, path: str) -> None:
        if path == STDOUT:
            raise UsageError("Parquet needs a file: --out NAME.parquet.")
        self._arrow, self._parquet = _import_pyarrow()
        self._path = Path(path)
        self._table = self._read_table()
        self._journal = Path(path + JOURNAL_SUFFIX)
        super().__init__(str(self._journal))
        self.rows = self._table.to_pylist() + self.rows

    def close(self) -> None:
        """Also after an interrupted run: the file holds what is done."""
        super().close()
        rows = self._read_rows(self._journal)
        table = self._arrow.Table.from_pylist(rows, schema=self._table.schema)
        unfinished = self._path.with_name(self._path.name + ".tmp")
        self._parquet.write_table(self._arrow.concat_tables([self._table, table]), unfinished)
        unfinished.replace(self._path)
        self._journal.unlink()

    def _read_table(self) -> Any:
        """The rows of earlier runs; none if there is no file. Raises UsageError."""
        schema = _make_schema(self._arrow)
        if not self._path.exists():
            return schema.empty_table()
        try:
            return self._parquet.read_table(self._path).select(schema.names).cast(schema)
        except (self._arrow.ArrowException, OSError, KeyError, ValueError):
            raise UsageError(f"'{self._path}' was not written by this command; choose another file.") from None


def _import_pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'inkpaw[parquet]'. CSV and JSON lines do not.") from None
    return pyarrow, pyarrow.parquet


def _make_schema(arrow: Any) -> Any:
    text, number = arrow.string(), arrow.float64()
    types = {"probability": number, "outlier_score": number, "version": arrow.int64()}
    return arrow.schema([(name, types.get(name, text)) for name in COLUMNS])
