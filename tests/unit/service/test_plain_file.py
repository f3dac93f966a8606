"""A file is read only if it is one."""

import os
from pathlib import Path

import pytest

from service.plain_file import read_plain_file
from tests.support.waiting import call_with_timeout


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_plain_file(path, 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_plain_file(path, 4)


def test_what_is_no_file_is_an_error_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    def read(path: Path) -> bool:
        with pytest.raises(OSError):
            read_plain_file(path, 5)
        return True

    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "none"):
        assert call_with_timeout(lambda path=path: read(path))
