"""Counters that processes share, in a file whose size no name changes."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.access import counters
from service.access.counters import SIZE, Counters

ROOT = Path(__file__).parents[4]


class Clock:
    now = 10**12

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rates"


def test_counter_counts_until_it_ends(file: Path, clock: Clock) -> None:
    table = Counters(file, clock)
    assert [table.add("a", 60), table.add("b", 60, 5), table.add("a", 60)] == [1, 5, 2]
    clock.now += 45 * 10**9
    assert table.read("a") == (2, 15.0)
    clock.now += 15 * 10**9
    assert table.read("a") == (0, 0.0)
    assert table.add("a", 60) == 1


def test_name_that_never_counted_reads_as_zero(file: Path) -> None:
    assert Counters(file).read("a") == (0, 0.0)


def test_counts_are_shared_with_other_processes(file: Path) -> None:
    table = Counters(file)
    code = (
        "from pathlib import Path; from service.access.counters import Counters; "
        f"Counters(Path('{file}')).add('a', 600, 7)"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert table.read("a")[0] == 14


def test_made_up_names_take_no_memory_and_displace_nobody_who_counts(file: Path, clock: Clock) -> None:
    table = Counters(file, clock)
    heavy = [f"heavy{number}" for number in range(100)]
    for name in heavy:
        table.add(name, 60, 50)
    for number in range(150_000):
        table.add(f"2001:db8:{number:x}::/64", 60)
    assert file.stat().st_size == SIZE
    assert [table.read(name)[0] for name in heavy] == [50] * 100
    assert counters._locate.cache_info().currsize <= 1024


def test_full_disk_leaves_each_worker_its_own_counts(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", refuse)
    table = Counters(file)
    assert table.add("a", 60) == 1
    assert "No space left" in caplog.text
