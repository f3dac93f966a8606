"""A recipe: everything that decides what a training run makes, read from one TOML file and checked by pydantic."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from training.recipes.schema import Augment, Data, Net, Optimiser, Part, Stage

FOLDER = Path(__file__).parent


class RecipeError(Exception):
    """The recipe does not exist or does not hold together; the text says where."""


class Recipe(Part):
    name: str
    about: str
    publishes: str = Field(description="name of the servable that a run of this recipe makes")
    post: float | None = Field(None, exclude=True, description="test accuracy that the teaching post got")
    note: str = Field("", exclude=True, description="what to know of our figure, for the report")
    quick: list[str] = Field(["data.limit=2000", "epochs=3"], exclude=True, description="what --quick overrides")
    data: Data
    net: Net
    optimiser: Optimiser
    augment: Augment = Augment()
    stages: list[Stage] = Field([], description="image sizes to train at, in place of `data.size`, one after another")
    loss: Literal["cross_entropy", "mean_squared_error"] = "cross_entropy"
    label_smoothing: float = 0.0
    begin: str = Field("", description="recipe whose net, trained before, this one's begins as; otherwise at random")
    soup: float = Field(0.0, ge=0, lt=1, description="how much of the weights it began with is in those it ends with")
    teachers: list[str] = Field([], description="recipes whose nets, trained before, say what else an image looks like")
    lesson: float = Field(0.7, ge=0, le=1, description="how much of a label the teachers say")
    epochs: int = Field(gt=0)
    steps: int | None = Field(None, gt=0, description="batches in an epoch, if that is not once through the images")
    batch_size: int = Field(gt=0, description="images in a step; more than there are is all of them")
    patience: int = Field(0, ge=0, description="epochs without a lower validation loss that end the run; 0 is never")
    seed: int = 1
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    sam: float = Field(0.0, ge=0, description="how far uphill gradients are taken, for flat minima; 0.5 to 1 is usual")
    smooth: float = Field(0.0, ge=0, description="gan: weight of the penalty on the discriminator's slope")
    truncation: float = Field(1.0, gt=0, le=1, description="gan: share of training's noise that is drawn from then on")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the averaged weights that are judged and exported")

    @field_validator("soup")
    @classmethod
    def _of_a_beginning(cls, share: float, fields: ValidationInfo) -> float:
        if share and not fields.data.get("begin"):
            raise ValueError("there is nothing to blend with, as `begin` names no recipe")
        return share

    def size_at(self, epoch: int) -> int:
        """Height and width of training images in that epoch."""
        return [self.data.size, *(stage.size for stage in self.stages if stage.epoch <= epoch)][-1]


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str, overrides: list[str] = [], quick: bool = False) -> Recipe:  # noqa: B006 (never written to)
    """The recipe of that name; an override is `part.field=value`, the value in TOML (a bare word is a string).

    A quick one is small enough to try in seconds, and its run lies apart, in `quick/`. Raises RecipeError.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(f"There is no recipe '{name}'. There are: {', '.join(names())}.")
    raw = tomllib.loads(path.read_text())
    shortcuts = raw.get("quick", Recipe.model_fields["quick"].default) if quick else []
    return checked(f"quick/{name}" if quick else name, raw, [*shortcuts, *overrides])


def varied(recipe: Recipe, name: str, overrides: list[str]) -> Recipe:
    """The same recipe but for the overrides, under another name. Raises RecipeError."""
    return checked(name, recipe.model_dump(exclude={"name"}), overrides)


def checked(name: str, raw: dict[str, Any], overrides: list[str]) -> Recipe:
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


def dumps(recipe: Recipe) -> str:
    """What decides the run, as JSON, the same text for the same recipe."""
    return json.dumps(recipe.model_dump(mode="json"), indent=1, sort_keys=True)


def same(text: str, recipe: Recipe) -> bool:
    """Whether the text was dumped from this recipe; a field that recipes did not have then is at its default."""
    try:
        return dumps(Recipe.model_validate_json(text)) == dumps(recipe)
    except ValidationError:
        return False
