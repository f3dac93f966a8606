"""Recipes as JSON, as runs store them in `recipe.json` and servables in their manifests."""

import json
from typing import Any

from pydantic import TypeAdapter

from training.recipes.data_schema import Data
from training.recipes.schema import KINDS, Recipe

# the fields of a recipe and of its net whose names in stored recipes may be older ones
RENAMED = {
    "begin": "init_from",
    "soup": "init_weight",
    "lesson": "distill_weight",
    "sam": "sam_rho",
    "smooth": "gradient_penalty",
}
RENAMED_IN_NET = {"judge": "discriminator_widths"}


def to_json(recipe: Recipe) -> str:
    """What decides the run, as JSON; equal recipes give equal text."""
    return json.dumps(recipe.model_dump(mode="json"), indent=1, sort_keys=True)


def is_dump_of(text: str, recipe: Recipe) -> bool:
    """Whether the text is a dump of this recipe; a field that the dump lacks counts as its default.

    The description may differ: it decides nothing.
    """
    try:
        stored = Recipe.model_validate(upgrade_stored(json.loads(text)))
    except ValueError:
        return False
    return to_json(stored.model_copy(update={"about": recipe.about})) == to_json(recipe)


def upgrade_stored(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored recipe, or parts of one, with today's field names.

    Stored parts may hold the fields of every kind; those of other kinds are dropped where they are at their defaults.
    """
    upgraded = {RENAMED.get(name, name): value for name, value in stored.items()}
    if "net" in upgraded:
        upgraded["net"] = {RENAMED_IN_NET.get(name, name): value for name, value in upgraded["net"].items()}
    return {name: _drop_foreign(name, value) if name in KINDS else value for name, value in upgraded.items()}


def _drop_foreign(part: str, fields: dict[str, Any]) -> dict[str, Any]:
    tag, kinds = KINDS[part]
    kind = kinds.get(fields.get(tag, ""))
    if kind is None:
        return fields
    others = {name: field.default for other in kinds.values() for name, field in other.model_fields.items()}
    foreign = others.keys() - kind.model_fields.keys()
    return {name: value for name, value in fields.items() if name not in foreign or value != others[name]}


def parse_stored_data(stored: dict[str, Any]) -> Data:
    """`data` of a stored recipe."""
    data: Data = TypeAdapter(Data).validate_python(upgrade_stored({"data": stored})["data"])
    return data
