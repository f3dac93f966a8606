"""Loaded versions follow the model folder, and the catalog follows the loaded versions."""

import shutil
from pathlib import Path

import pytest

from service.errors import Unavailable
from tests.support.model_folder import ModelFolder


@pytest.fixture
def models(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path)


def test_versions_on_disk_are_loaded_and_published(models: ModelFolder) -> None:
    models.add_version(1)
    models.add_version(3, name="other")
    assert models.refresh() == [("net", 1), ("other", 3)]
    assert models.repository.catalog.ready
    assert models.get_default() == 1


def test_nothing_happens_while_nothing_changes(models: ModelFolder) -> None:
    models.add_version(1)
    models.refresh()
    generation, events = models.repository.catalog.generation, list(models.events)
    models.refresh()
    assert (models.repository.catalog.generation, models.events) == (generation, events)


def test_new_version_answers_before_the_old_one_is_unloaded(models: ModelFolder) -> None:
    old = models.add_version(1)
    models.refresh()
    servable = models.open["net", 1]
    models.add_version(2)
    assert models.refresh() == [("net", 2)]
    assert models.events == ["load 1", "open 1", "load 2", "open 2", "close 1"]
    assert servable.unloaded
    assert old.exists()


def test_the_catalog_never_lacks_a_version_that_answers(models: ModelFolder) -> None:
    models.add_version(1)
    models.refresh()
    models.add_version(2)
    defaults: list[int] = []
    models.before_load = lambda: defaults.append(models.get_default())
    models.refresh()
    assert defaults == [1]
    assert models.repository.catalog.models["net"].versions[1].state == "END"


def test_every_change_has_a_higher_generation(models: ModelFolder) -> None:
    generations = [models.repository.catalog.generation]
    for number in (1, 2, 3):
        models.add_version(number)
        models.refresh()
        generations.append(models.repository.catalog.generation)
    assert generations == sorted(set(generations))


def test_removing_the_newest_version_rolls_back(models: ModelFolder) -> None:
    models.add_version(1)
    newest = models.add_version(2)
    models.refresh()
    shutil.rmtree(newest)
    assert models.refresh() == [("net", 1)]
    assert models.events[-3:] == ["load 1", "open 1", "close 2"]
    models.refresh()
    assert 2 not in models.repository.catalog.models["net"].versions


def test_removed_model_does_not_block_readiness(models: ModelFolder) -> None:
    models.add_version(1)
    models.add_version(1, name="other")
    models.refresh()
    shutil.rmtree(models.folder / "other")
    for _ in range(3):
        models.refresh()
    assert sorted(models.repository.catalog.models) == ["net"]
    assert models.repository.catalog.ready


@pytest.mark.parametrize("name", [".hidden", "-dash", "two words"])
def test_folder_with_an_odd_name_is_not_a_model(models: ModelFolder, name: str) -> None:
    models.add_version(1, name=name)
    models.add_version(1)
    assert models.refresh()[-1] == ("net", 1)
    assert {key[0] for key in models.open} <= {"net"}


@pytest.mark.parametrize("number", ["v2", "-1", "1.5", "latest", "²"])
def test_folder_that_is_not_a_number_is_not_a_version(models: ModelFolder, number: str) -> None:
    models.add_version(1)
    shutil.copytree(models.folder / "net" / "1", models.folder / "net" / number)
    assert models.refresh() == [("net", 1)]


def test_policy_keeps_more_versions_and_a_label_keeps_its_own(models: ModelFolder) -> None:
    for number in (1, 2, 3, 4):
        models.add_version(number)
    models.policies.write_text('{"net": {"versions": 2, "labels": {"stable": 1}}}')
    assert models.refresh() == [("net", 1), ("net", 3), ("net", 4)]
    assert models.get_default() == 1


def test_moved_label_is_published_even_if_nothing_is_loaded(models: ModelFolder) -> None:
    for number in (1, 2):
        models.add_version(number)
    models.policies.write_text('{"net": {"versions": 2, "labels": {"stable": 1}}}')
    models.refresh()
    generation = models.repository.catalog.generation
    models.policies.write_text('{"net": {"versions": 2, "labels": {"stable": 2}}}')
    models.refresh()
    assert models.get_default() == 2
    assert models.repository.catalog.generation > generation


def test_missing_model_folder_is_not_an_error(tmp_path: Path) -> None:
    models = ModelFolder(tmp_path / "later")
    assert models.refresh() == []
    models.add_version(1)
    assert models.refresh() == [("net", 1)]


def test_before_the_first_scan_a_model_is_unavailable_and_not_missing(models: ModelFolder) -> None:
    """Clients may retry such an early request, so its error must not say that the model does not exist."""
    with pytest.raises(Unavailable):
        models.repository.catalog.resolve("net")
