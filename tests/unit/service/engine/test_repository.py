"""The versions in memory follow the folder, and the catalog follows them."""

import shutil
from pathlib import Path

import pytest

from service.errors import Unavailable
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_is_there_is_loaded_and_told(world: World) -> None:
    world.put(1)
    world.put(3, name="other")
    assert world.refreshed() == [("net", 1), ("other", 3)]
    assert world.repository.catalog.ready
    assert world.default() == 1


def test_nothing_happens_while_nothing_changes(world: World) -> None:
    world.put(1)
    world.refreshed()
    generation, story = world.repository.catalog.generation, list(world.story)
    world.refreshed()
    assert (world.repository.catalog.generation, world.story) == (generation, story)


def test_a_new_version_answers_before_the_old_one_goes(world: World) -> None:
    old = world.put(1)
    world.refreshed()
    servable = world.open["net", 1]
    world.put(2)
    assert world.refreshed() == [("net", 2)]
    assert world.story == ["load 1", "open 1", "load 2", "open 2", "close 1"]
    assert servable.unloaded
    assert old.exists()


def test_the_catalog_never_lacks_a_version_that_answers(world: World) -> None:
    world.put(1)
    world.refreshed()
    world.put(2)
    seen: list[int] = []
    world.on_load = lambda: seen.append(world.default())
    world.refreshed()
    assert seen == [1]
    assert world.repository.catalog.models["net"].versions[1].state == "END"


def test_every_change_has_a_higher_generation(world: World) -> None:
    generations = [world.repository.catalog.generation]
    for number in (1, 2, 3):
        world.put(number)
        world.refreshed()
        generations.append(world.repository.catalog.generation)
    assert generations == sorted(set(generations))


def test_removing_the_newest_rolls_back(world: World) -> None:
    world.put(1)
    newest = world.put(2)
    world.refreshed()
    shutil.rmtree(newest)
    assert world.refreshed() == [("net", 1)]
    assert world.story[-3:] == ["load 1", "open 1", "close 2"]
    world.refreshed()
    assert 2 not in world.repository.catalog.models["net"].versions


def test_a_model_that_is_removed_is_no_longer_waited_for(world: World) -> None:
    world.put(1)
    world.put(1, name="other")
    world.refreshed()
    shutil.rmtree(world.folder / "other")
    for _ in range(3):
        world.refreshed()
    assert sorted(world.repository.catalog.models) == ["net"]
    assert world.repository.catalog.ready


@pytest.mark.parametrize("name", [".hidden", "-dash", "two words"])
def test_a_folder_with_an_odd_name_is_no_model(world: World, name: str) -> None:
    world.put(1, name=name)
    world.put(1)
    assert world.refreshed()[-1] == ("net", 1)
    assert {key[0] for key in world.open} <= {"net"}


@pytest.mark.parametrize("number", ["v2", "-1", "1.5", "latest", "²"])
def test_a_folder_that_is_no_number_is_no_version(world: World, number: str) -> None:
    world.put(1)
    shutil.copytree(world.folder / "net" / "1", world.folder / "net" / number)
    assert world.refreshed() == [("net", 1)]


def test_a_policy_keeps_more_versions_and_a_label_one_more(world: World) -> None:
    for number in (1, 2, 3, 4):
        world.put(number)
    world.policies.write_text('{"net": {"versions": 2, "labels": {"stable": 1}}}')
    assert world.refreshed() == [("net", 1), ("net", 3), ("net", 4)]
    assert world.default() == 1


def test_moving_a_label_is_seen_though_nothing_is_loaded(world: World) -> None:
    for number in (1, 2):
        world.put(number)
    world.policies.write_text('{"net": {"versions": 2, "labels": {"stable": 1}}}')
    world.refreshed()
    generation = world.repository.catalog.generation
    world.policies.write_text('{"net": {"versions": 2, "labels": {"stable": 2}}}')
    world.refreshed()
    assert world.default() == 2
    assert world.repository.catalog.generation > generation


def test_a_folder_that_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    world = World(tmp_path / "later")
    assert world.refreshed() == []
    world.put(1)
    assert world.refreshed() == [("net", 1)]


def test_before_the_first_look_nothing_is_known_to_be_missing(world: World) -> None:
    """A request that comes so early may come again: it must not be told that its model does not exist."""
    with pytest.raises(Unavailable):
        world.repository.catalog.resolve("net")
