"""The file of keys is read again when it changes, and a broken one changes nothing."""

from pathlib import Path

import pytest

from service.access.key_watch import KeyWatch, read_keys
from service.access.keys import KeysError, format_entry, make_key
from service.access.scopes import Scope
from tests.unit.service.conftest import FakeClock

FIRST, SECOND = make_key(), make_key()


def make_entry(name: str, key: str) -> str:
    return format_entry(name, [Scope.PREDICT], key)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(make_entry("first", FIRST) + "\n")
    return path


def replace(path: Path, text: str) -> None:
    """As Kubernetes does: a new file in the old one's place."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def test_changed_file_is_read_within_a_second(path: Path, clock: FakeClock) -> None:
    keys = KeyWatch(None, path, clock)
    replace(path, make_entry("second", SECOND))
    assert keys.find(FIRST) and not keys.find(SECOND)
    clock.now += 1
    assert keys.find(SECOND) and not keys.find(FIRST), "a key that is taken out is refused"


@pytest.mark.parametrize("text", ["", "nonsense", "# no key\n"])
def test_broken_file_changes_nothing_and_is_logged(
    path: Path, clock: FakeClock, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys = KeyWatch(None, path, clock)
    replace(path, text)
    for _ in range(3):
        clock.now += 1
        assert keys.find(FIRST)
    assert len(caplog.records) == 1
    replace(path, make_entry("second", SECOND))
    clock.now += 1
    assert keys.find(SECOND)


def test_nobody_gets_in_before_the_first_good_file(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "keys"
    keys = KeyWatch(None, path, clock)
    assert not keys.find(FIRST)
    path.write_text(make_entry("first", FIRST))
    clock.now += 1
    assert keys.find(FIRST)


def test_keys_of_file_and_environment_are_joined(path: Path) -> None:
    ring = read_keys(f"{make_entry('second', SECOND)},{make_entry('third', make_key())}", path)
    assert len(ring) == 3 and ring.find(FIRST) and ring.find(SECOND)


def test_file_without_end_is_not_read() -> None:
    with pytest.raises(KeysError, match="plain file"):
        read_keys(None, Path("/dev/zero"))
