"""A recipe: everything that decides what a training run makes, read from one TOML file and checked by pydantic."""

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from training.errors import RecipeError
from training.recipes.schema import Recipe

FOLDER = Path(__file__).parent


def recipe_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str, overrides: list[str] = [], quick: bool = False) -> Recipe:  # noqa: B006 (never written to)
    """The recipe of that name; an override is `part.field=value`, the value in TOML (a bare word is a string).

    A quick one is small enough to try in seconds, and its run lies apart, in `quick/`. Raises RecipeError.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(f"There is no recipe '{name}'. There are: {', '.join(recipe_names())}.")
    raw = tomllib.loads(path.read_text())
    shortcuts = raw.get("quick", Recipe.model_fields["quick"].default) if quick else []
    return validate_recipe(f"quick/{name}" if quick else name, raw, [*shortcuts, *overrides])


def with_overrides(recipe: Recipe, name: str, overrides: list[str]) -> Recipe:
    """The same recipe but for the overrides, under another name. Raises RecipeError."""
    return validate_recipe(name, recipe.model_dump(exclude={"name"}), overrides)


def validate_recipe(name: str, raw: dict[str, Any], overrides: list[str]) -> Recipe:
    for override in overrides:
        _apply(raw, override)
    try:
        return Recipe(name=name, **raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError(f"Recipe '{name}', {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None


def _apply(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise RecipeError(f"'{override}' is not of the form part.field=value.")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text
    *parts, last = key.split(".")
    for part in parts:
        raw = raw.setdefault(part, {})
    raw[last] = value


def to_json(recipe: Recipe) -> str:
    """What decides the run, as JSON, the same text for the same recipe."""
    return json.dumps(recipe.model_dump(mode="json"), indent=1, sort_keys=True)


def is_dump_of(text: str, recipe: Recipe) -> bool:
    """Whether the text was dumped from this recipe; a field that recipes did not have then is at its default."""
    try:
        return to_json(Recipe.model_validate_json(text)) == to_json(recipe)
    except ValidationError:
        return False
