"""The file in which an engine shows that it moves."""

import os
import time
from pathlib import Path

import pytest

from service import heartbeat
from service.heartbeat import START_SECONDS, Heartbeat, Pulse

NOW, STALL = 1000.0, 30.0


@pytest.fixture
def beat_file(tmp_path: Path) -> Path:
    path = heartbeat.get_path(tmp_path / "engine-0.sock")
    heartbeat.reset(path)
    return path


def read(path: Path) -> Pulse:
    pulse = heartbeat.read(path)
    assert pulse is not None
    return pulse


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert heartbeat.read(tmp_path / "none.beat") is None
    Heartbeat(tmp_path / "none.beat").beat(0.0)
    assert not (tmp_path / "none.beat").exists()


def test_beat_batch_and_loads_are_read(beat_file: Path) -> None:
    engine = Heartbeat(beat_file)
    assert read(beat_file).last_beat == 0.0
    began = time.monotonic()
    engine.beat(7.5)
    assert began <= read(beat_file).last_beat <= time.monotonic()
    assert (read(beat_file).batch_started, read(beat_file).loads) == (7.5, 0)
    with engine.loading():
        assert (read(beat_file).batch_started, read(beat_file).loads) == (7.5, 1)
    assert read(beat_file).loads == 0


def test_next_engine_starts_without_a_beat(beat_file: Path) -> None:
    Heartbeat(beat_file).beat(3.0)
    began = time.monotonic()
    heartbeat.reset(beat_file)
    assert read(beat_file)[:3] == (0.0, 0.0, 0.0)
    assert read(beat_file).down_since >= began


def test_engines_that_fail_at_their_start_are_down_since_the_first(beat_file: Path) -> None:
    first = read(beat_file).down_since
    heartbeat.reset(beat_file)
    assert read(beat_file).down_since == first


def test_file_that_cannot_be_written_is_removed(beat_file: Path) -> None:
    """An engine whose file stands still would be killed, again and again."""
    engine = Heartbeat(beat_file)
    engine._file = os.open("/dev/full", os.O_WRONLY)
    engine.beat(0.0)
    assert heartbeat.read(beat_file) is None
    engine.beat(0.0)


@pytest.mark.parametrize(
    ("pulse", "stay_silent"),
    [
        (Pulse(0.0, 0.0, 0, NOW - 60), False),
        (Pulse(NOW - 0.6, 0.0, 0, 1.0), False),
        (Pulse(NOW - 0.6, NOW - 25, 0, 1.0), False),
        (Pulse(NOW - 3, 0.0, 1, 1.0), False),
        (Pulse(NOW - 3, 0.0, 0, 1.0), True),
    ],
    ids=["starting", "idle", "long batch", "loading", "stopped"],
)
def test_only_an_engine_that_stopped_moving_is_silent(pulse: Pulse, stay_silent: bool) -> None:
    assert pulse.is_silent(NOW) == stay_silent


@pytest.mark.parametrize(
    ("pulse", "text"),
    [
        (Pulse(0.0, 0.0, 0, NOW - START_SECONDS), ""),
        (Pulse(0.0, 0.0, 0, NOW - START_SECONDS - 11), "has not started"),
        (Pulse(NOW - 0.1, NOW - STALL - 1, 0, 1.0), ""),
        (Pulse(NOW - 0.1, NOW - STALL - 11, 0, 1.0), "one batch for 41 s"),
        (Pulse(NOW - 5, 0.0, 0, 1.0), ""),
        (Pulse(NOW - STALL - 11, NOW - STALL - 12, 0, 1.0), "has not moved for 41 s"),
    ],
)
def test_a_hang_is_told_once_it_should_have_been_mended(pulse: Pulse, text: str) -> None:
    described = pulse.describe_hang(NOW, STALL)
    assert text in described and bool(text) == bool(described)
