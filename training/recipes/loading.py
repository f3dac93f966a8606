"""Loads recipes from their TOML files, with overrides."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from training.errors import RecipeError
from training.recipes.schema import KINDS, Recipe

FOLDER = Path(__file__).parent


def recipe_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str, overrides: list[str] = [], quick: bool = False) -> Recipe:  # noqa: B006 (never written to)
    """The recipe of that name; an override is `part.field=value`, the value in TOML (a bare word is a string).

    With `quick` it is small enough to train in seconds, and its run lies in `quick/`. Raises RecipeError.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(f"There is no recipe '{name}'. There are: {', '.join(recipe_names())}.")
    raw = tomllib.loads(path.read_text())
    quick_overrides = raw.get("quick", Recipe.model_fields["quick"].default) if quick else []
    return validate_recipe(f"quick/{name}" if quick else name, raw, [*quick_overrides, *overrides])


def with_overrides(recipe: Recipe, name: str, overrides: list[str]) -> Recipe:
    """The same recipe with the overrides, under another name. Raises RecipeError."""
    return validate_recipe(name, recipe.model_dump(exclude={"name"}), overrides)


def validate_recipe(name: str, raw: dict[str, Any], overrides: list[str]) -> Recipe:
    """Applies the overrides to `raw`; those that change a kind come first. Raises RecipeError."""
    changes = [_parse_override(override) for override in overrides]
    for path, value in sorted(changes, key=lambda change: not _names_kind(change[0])):
        _apply_override(raw, path, value)
    try:
        return Recipe(name=name, **raw)
    except ValidationError as error:
        raise RecipeError(f"Recipe '{name}', {_explain(error)}") from None


def _parse_override(override: str) -> tuple[list[str], Any]:
    key, equals, text = override.partition("=")
    if not equals:
        raise RecipeError(f"'{override}' is not of the form part.field=value.")
    try:
        return key.split("."), tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return key.split("."), text


def _names_kind(path: list[str]) -> bool:
    return len(path) == 2 and path[0] in KINDS and path[1] == KINDS[path[0]][0]


def _apply_override(raw: dict[str, Any], path: list[str], value: Any) -> None:
    *parts, last = path
    part = raw
    for name in parts:
        part = part.setdefault(name, {})
        if not isinstance(part, dict):
            raise RecipeError(f"'{name}' is one value: it has no field '{last}'.")
    part[last] = value
    if _names_kind(path) and str(value) in KINDS[parts[0]][1]:
        known = KINDS[parts[0]][1][value].model_fields
        raw[parts[0]] = {field: part[field] for field in part if field in known}


def _explain(error: ValidationError) -> str:
    """`field: reason.` for the first thing that is wrong."""
    first = error.errors()[0]
    path = [str(step) for step in first["loc"]]
    tag, kinds = KINDS.get(path[0], ("", {}))
    if first["type"] == "union_tag_invalid":
        return f"{path[0]}.{tag}: '{first['ctx']['tag']}' is none of {', '.join(kinds)}."
    if first["type"] == "union_tag_not_found":
        return f"{path[0]}.{tag}: it is missing; it is one of {', '.join(kinds)}."
    reason = "there is no such field" if first["type"] == "extra_forbidden" else first["msg"]
    if not kinds or len(path) < 3:
        return f"{'.'.join(path)}: {reason}."
    _, kind, *fields = path  # pydantic puts the kind between the part and its field
    if first["type"] == "extra_forbidden":
        reason = f"'{kind}' has no such field; its fields are {', '.join(kinds[kind].model_fields)}"
    return f"{'.'.join([path[0], *fields])}: {reason}."
