"""A version that is broken, or not whole yet, never takes away what answers."""

import os
from pathlib import Path

import pytest

from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_broken_version_keeps_the_old_one_and_says_why(world: World) -> None:
    world.put(1)
    world.refreshed()
    world.put(2, "broken")
    assert world.refreshed() == [("net", 1)]
    failed = world.repository.catalog.models["net"].versions[2]
    assert (failed.state, failed.error) == ("END", "it is broken")
    assert world.repository.catalog.ready


def test_a_broken_version_is_not_tried_again_and_again(world: World) -> None:
    world.put(1, "broken")
    for _ in range(3):
        world.refreshed()
    assert world.story == ["load 1"]
    assert not world.repository.catalog.ready


def test_a_broken_newest_gives_way_to_the_next_older(world: World) -> None:
    for number, text in ((1, "good"), (2, "good"), (3, "broken")):
        world.put(number, text)
    assert world.refreshed() == [("net", 2)]


def test_a_broken_version_that_is_replaced_is_tried_again(world: World) -> None:
    world.put(1)
    world.put(2, "broken")
    world.refreshed()
    touched = world.put(2, "good") / "saved_model.pb"
    os.utime(touched, ns=(1, touched.stat().st_mtime_ns + 1_000_000))
    assert world.refreshed() == [("net", 2)]


def test_a_half_copied_version_is_taken_when_it_is_whole(world: World) -> None:
    world.put(1)
    place = world.folder / "net" / "2"
    (place / "assets.extra").mkdir(parents=True)
    assert world.refreshed() == [("net", 1)]
    (place / "saved_model.pb").write_text("good")
    assert world.refreshed() == [("net", 1)]
    (place / "variables").mkdir()
    (place / "variables" / "data").write_text("1")
    assert world.refreshed() == [("net", 2)]


def test_a_half_copied_version_is_taken_though_the_copy_keeps_old_times(world: World) -> None:
    place = world.folder / "net" / "1"
    place.mkdir(parents=True)
    (place / "saved_model.pb").write_text("good")
    world.refreshed()
    (place / "variables").mkdir()
    (place / "variables" / "data").write_text("1")
    os.utime(place / "variables" / "data", ns=(1, 1))
    assert world.refreshed() == [("net", 1)]
