"""Shares of the pictures, as the pods of an Indexed Job take them."""

import csv
import io
from pathlib import Path

import pytest

from service.client.cli.exit_codes import UsageError
from service.client.cli.shard import COUNT, INDEX, Shard, choose_shard
from tests.support.stub_service import StubService
from tests.unit.service.client.cli.run_cli import run_cli


@pytest.fixture(autouse=True)
def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (INDEX, COUNT):
        monkeypatch.delenv(name, raising=False)


def test_shards_have_every_picture_once(stub: StubService, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setenv(COUNT, "3")
    for index in range(3):
        monkeypatch.setenv(INDEX, str(index))
        result = run_cli("predict", "net", photos, "--url", stub.url)
        rows = [row["file"] for row in csv.DictReader(io.StringIO(result.stdout))]
        assert 3 < len(rows) < 30
        names += rows
    assert sorted(names) == sorted(str(path) for path in photos.rglob("*.png"))


def test_option_comes_before_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INDEX, "1")
    monkeypatch.setenv(COUNT, "3")
    assert choose_shard("0/2") == Shard(0, 2)
    assert choose_shard(None) == Shard(1, 3)


def test_alone_it_is_everything() -> None:
    assert choose_shard(None) == Shard(0, 1) and Shard(0, 1).holds("any")


def test_index_without_count_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INDEX, "1")
    with pytest.raises(UsageError, match=COUNT):
        choose_shard(None)


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "1/0", "a/b", "1/2/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="INDEX/COUNT"):
        choose_shard(text)
