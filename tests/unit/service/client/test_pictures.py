"""Batches of pictures, bounded in number and in bytes."""

from pathlib import Path

import pytest

from service.client import pictures
from service.client.errors import UnreadableImage
from service.client.pictures import Picture, make_batches, read_pictures


def make_picture(size: int) -> Picture:
    return Picture(f"{size}", size, lambda: bytes(size))


def test_batches_are_bounded_by_number() -> None:
    assert [len(batch) for batch in make_batches([make_picture(1)] * 10, 4)] == [4, 4, 2]


def test_batches_are_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BATCH_BYTES", 10)
    batches = make_batches(map(make_picture, (4, 4, 4, 20, 1, 9)), 4)
    assert [[picture.size for picture in batch] for batch in batches] == [[4, 4], [4], [20], [1, 9]]


def test_picture_that_is_too_large_is_not_read() -> None:
    def read() -> bytes:
        raise AssertionError

    (error,) = read_pictures([Picture("x", 1 << 30, read)])
    assert isinstance(error, UnreadableImage) and "at most 67108864" in str(error)


def test_file_that_cannot_be_read_has_a_sentence(tmp_path: Path) -> None:
    (error,) = read_pictures([Picture("x", 1, tmp_path.read_bytes)])
    assert str(error) == "The file cannot be read: Is a directory."
