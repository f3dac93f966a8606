"""Rows as Parquet."""

import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from service.client.cli.exit_codes import ExitCode
from service.client.cli.parquet import JOURNAL_SUFFIX
from tests.support.stub_service import BAD, StubService
from tests.unit.service.client.cli.run_cli import run_cli


def test_parquet_has_typed_columns_and_is_continued(stub: StubService, photos: Path) -> None:
    (photos / "1/39.png").write_bytes(BAD)
    run_cli("predict", "net", photos / "0", "--out", "labels.parquet", "--url", stub.url)
    result = run_cli("predict", "net", photos, "--out", "labels.parquet", "--url", stub.url)
    assert result.exit_code == ExitCode.SOME_FAILED
    table = pyarrow.parquet.read_table("labels.parquet")
    types = [str(field.type) for field in table.schema]
    assert types == ["string", "string", "double", "double", "string", "int64", "string", "string"]
    rows = table.to_pylist()
    assert len(rows) == len({row["file"] for row in rows}) == 40
    assert rows[0]["label"] == "0" and rows[0]["probability"] == 0.5
    assert rows[-1]["error"] == "The image: it cannot be read." and rows[-1]["label"] is None
    assert list(Path().glob("labels*")) == [Path("labels.parquet")]


def test_rows_of_a_killed_run_are_taken_over(stub: StubService, photos: Path) -> None:
    run_cli("predict", "net", photos / "0", "--out", "rows.jsonl", "--url", stub.url)
    Path("rows.jsonl").rename(f"labels.parquet{JOURNAL_SUFFIX}")
    stub.requests.clear()
    run_cli("predict", "net", photos, "--out", "labels.parquet", "--url", stub.url)
    assert stub.sent == 20
    assert pyarrow.parquet.read_table("labels.parquet").num_rows == 40


def test_without_pyarrow_a_sentence_says_what_to_install(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run_cli("predict", "net", photos, "--out", "labels.parquet")
    assert result.exit_code == ExitCode.USAGE and "pip install 'inkpaw[parquet]'" in result.stderr
    assert not Path("labels.parquet").exists()


def test_file_that_is_no_parquet_is_left_alone(photos: Path) -> None:
    Path("labels.parquet").write_text("text")
    result = run_cli("predict", "net", photos, "--out", "labels.parquet")
    assert result.exit_code == ExitCode.USAGE and "was not written by this command" in result.stderr
    assert Path("labels.parquet").read_text() == "text"
