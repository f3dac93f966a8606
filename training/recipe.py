"""A recipe: everything that decides what a training run makes, read from one TOML file and checked by pydantic."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FOLDER = Path(__file__).parent / "recipes"


class RecipeError(Exception):
    """The recipe does not exist or does not hold together; the text says where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(_Part):
    name: Literal["mnist", "digits8", "cats-dogs", "folder"]
    path: str | None = Field(None, description="folder: where the pictures are, a folder or a zip")
    channels: Literal[1, 3] = Field(3, description="folder: 1 for grey, 3 for colour")
    treatment: Literal["photo", "digit"] = Field("photo", description="folder: the geometry, see service.images")
    size: int = Field(description="height and width of the net's input, pixels")
    train_size: int | None = Field(None, description="height and width that training images are kept at, before crops")
    validation: float = Field(
        0.1, gt=0, description="training images held out to choose by: a share, or from 1 a count"
    )
    seed: int = Field(0, description="which images are held out")
    first: int | None = Field(
        None, gt=0, description="cats-dogs: train on pictures 1 to this of each animal, no others"
    )
    limit: int | None = Field(None, ge=100, description="train on so many images, for a quick look")


Initialiser = Literal[
    "he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "truncated_normal", "uniform", "zeros"
]


class Net(_Part):
    kind: Literal["mlp", "cnn", "residual", "gan"]
    widths: list[int] = Field(description="units or filters, layer by layer or stage by stage")
    dense: list[int] = Field([], description="cnn: units of the dense layers after the convolutions")
    conv_dropout: float = Field(0.0, ge=0, lt=1, description="cnn: after each pooling")
    kernel: int = 3
    depth: int = Field(1, description="residual: blocks of two convolutions in each stage")
    depths: list[int] = Field([], description="residual: blocks of each stage where they differ, instead of `depth`")
    stem_stride: int = Field(1, description="residual: 2 halves the image before the first stage")
    stem: list[int] = Field([], description="residual: filters of several such halvings, instead of one of widths[0]")
    squeeze: bool = Field(False, description="residual: every block weighs its channels by what the whole image shows")
    latent: int = Field(64, description="gan: length of the noise vector")
    judge: list[int] = Field([], description="gan: filters of the discriminator, from the whole picture down")
    activation: Literal["relu", "leaky_relu", "tanh", "silu"] = "relu"
    initialiser: Initialiser = "he_normal"
    variance: float | None = Field(None, gt=0, description="he, glorot: weights vary by this over n (He 2, Glorot 1)")
    spread: float = Field(0.05, gt=0, description="truncated_normal: standard deviation; uniform: reach either way")
    batch_norm: Literal["none", "before", "after"] = Field("none", description="before or after the activation")
    dropout: float = Field(0.0, ge=0, lt=1, description="after each hidden dense layer, or before the softmax")
    l1: float = 0.0
    l2: float = 0.0


class Optimiser(_Part):
    name: Literal["sgd", "adagrad", "rmsprop", "adam", "adamw"]
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0.0, description="sgd and rmsprop; beta_1 of the Adams when set")
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "trapezoid"] = Field(
        "constant", description="trapezoid: constant, then in a straight line to nothing over the last quarter"
    )
    warmup_epochs: float = 0.0


class Augment(_Part):
    """Random changes to a training image; 0 is none. Shares are of the image's size."""

    rotation: float = Field(0.0, description="degrees either way")
    shift: float = 0.0
    shear: float = Field(0.0, description="degrees either way")
    zoom: tuple[float, float] = Field((1.0, 1.0), description="share of the image's side that the crop shows")
    stretch: float = Field(0.0, description="change of aspect ratio, natural logarithm either way")
    flip: bool = Field(False, description="left to right; never for digits")
    elastic: float = Field(0.0, description="bends, standard deviation of a pixel's way")
    thickness: float = Field(0.0, ge=0, le=1, description="how far strokes grow or shrink by a pixel on each side")
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    mixup: float = Field(0.0, ge=0, le=1, description="share of batches whose images are blended in pairs")
    cutmix: float = Field(0.0, ge=0, le=1, description="share of batches whose images have a box of another pasted in")


class Stage(_Part):
    """From this epoch on, training images have this size: small first is most of the learning at half the price."""

    epoch: int
    size: int


class Recipe(_Part):
    name: str
    about: str
    publishes: str = Field(description="name of the servable that a run of this recipe makes")
    post: float | None = Field(None, exclude=True, description="test accuracy that the teaching post got")
    quick: list[str] = Field(["data.limit=2000", "epochs=3"], exclude=True, description="what --quick overrides")
    data: Data
    net: Net
    optimiser: Optimiser
    augment: Augment = Augment()
    stages: list[Stage] = []
    loss: Literal["cross_entropy", "mean_squared_error"] = "cross_entropy"
    label_smoothing: float = 0.0
    epochs: int = Field(gt=0)
    steps: int | None = Field(None, gt=0, description="batches in an epoch, if that is not once through the images")
    batch_size: int = Field(gt=0, description="images in a step; more than there are is all of them")
    patience: int = Field(0, ge=0, description="epochs without a lower validation loss that end the run; 0 is never")
    seed: int = 1
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    smooth: float = Field(0.0, ge=0, description="gan: weight of the penalty on the discriminator's slope")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the averaged weights that are judged and exported")

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
