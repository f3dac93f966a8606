"""Recipes stored by runs and servables, with current and with older field names."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.recipes.data_schema import FolderData, MnistData
from training.recipes.loading import load_recipe
from training.recipes.schema import Recipe
from training.recipes.stored import is_dump_of, parse_stored_data, to_json, upgrade_stored

ROOT = Path(__file__).parents[4]
PUBLISHED = sorted(ROOT.glob("models/*/*/assets.extra/servable.json"))

# older recipes store the fields of all kinds, with their defaults
ALL_NET_FIELDS = {"dense": [], "conv_dropout": 0.0, "stem": [], "squeeze": False, "latent": 64, "judge": []}
ALL_DATA_FIELDS = {"path": None, "channels": 3, "treatment": "photo", "train_size": None, "first": None}


def test_a_stored_recipe_without_a_newer_field_is_the_same_recipe() -> None:
    recipe = load_recipe("mnist-mlp")
    stored = json.loads(to_json(recipe))
    del stored["patience"], stored["net"]["spread"]
    assert is_dump_of(json.dumps(stored), recipe)
    assert not is_dump_of(json.dumps(stored | {"epochs": 7}), recipe)
    assert not is_dump_of(json.dumps(stored | {"unheard_of": 7}), recipe)
    assert is_dump_of(json.dumps(stored | {"about": "another description"}), recipe)


def _stored(path: Path) -> dict[str, Any]:
    recipe: dict[str, Any] = json.loads(path.read_text())["facts"]["recipe"]
    return recipe


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: f"{path.parts[-4]}-{path.parts[-3]}")
def test_the_recipe_of_every_published_model_loads(path: Path) -> None:
    recipe = Recipe.model_validate(upgrade_stored(_stored(path)))
    assert recipe.publishes == path.parts[-4] and recipe.net == load_recipe(recipe.name).net


def test_published_values_are_found_under_the_new_names() -> None:
    assert len(PUBLISHED) >= 3
    by_name = {recipe["name"]: upgrade_stored(recipe) for recipe in map(_stored, PUBLISHED)}
    assert by_name["cats-dogs"]["distill_weight"] == 0.8
    assert by_name["digits"]["sam_rho"] == 0.5 and by_name["digits-gan"]["gradient_penalty"] == 0.5
    assert by_name["digits-gan"]["net"]["discriminator_widths"] == [24, 48, 96, 128]


def test_a_run_under_the_old_names_is_the_same_recipe() -> None:
    recipe = load_recipe("mnist-mlp", ["init_from=mnist-dense", "init_weight=0.5", "sam_rho=0.5"])
    stored = json.loads(to_json(recipe))
    for old, new in {"begin": "init_from", "soup": "init_weight", "lesson": "distill_weight", "sam": "sam_rho"}.items():
        stored[old] = stored.pop(new)
    stored["net"] |= ALL_NET_FIELDS
    stored["data"] |= ALL_DATA_FIELDS
    assert is_dump_of(json.dumps(stored), recipe)
    assert not is_dump_of(json.dumps(stored | {"sam": 0.7}), recipe)


def test_a_stored_field_of_another_kind_is_not_dropped_if_it_was_set() -> None:
    recipe = load_recipe("mnist-mlp")
    stored = json.loads(to_json(recipe))
    stored["net"] |= {"squeeze": True}
    assert not is_dump_of(json.dumps(stored), recipe)


def test_stored_data_loads_without_the_rest_of_the_recipe() -> None:
    assert parse_stored_data({"name": "mnist", "size": 28, **ALL_DATA_FIELDS}) == MnistData(size=28)
    folder = {"name": "folder", "size": 8, **ALL_DATA_FIELDS, "path": "p", "channels": 1}
    assert parse_stored_data(folder) == FolderData(size=8, path="p", channels=1)


def test_upgrading_does_not_change_the_stored_recipe() -> None:
    stored = {"name": "mnist-mlp", "begin": "other", "net": {"kind": "gan", "judge": [8]}}
    before = json.dumps(stored)
    assert upgrade_stored(stored)["net"] == {"kind": "gan", "discriminator_widths": [8]}
    assert json.dumps(stored) == before
