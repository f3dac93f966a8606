"""A recipe: everything that decides what a training run makes, checked by pydantic."""

from typing import Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from training.errors import RecipeError
from training.recipes.data_schema import Data
from training.recipes.net_schema import GanNet, Net
from training.recipes.part import Part

Quantisation = Literal["none", "int8"]


class Optimiser(Part):
    name: Literal["sgd", "adagrad", "rmsprop", "adam", "adamw", "muon"]
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0.0, description="sgd and rmsprop; beta_1 of adam and adamw if it is not 0")
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "trapezoid"] = Field(
        "constant", description="trapezoid: constant, then linearly to 0 over the last quarter of the steps"
    )
    warmup_epochs: float = 0.0


class Augment(Part):
    """Random changes to a training image; 0 means no change. Shares are relative to the image's size."""

    rotation: float = Field(0.0, description="degrees in either direction")
    shift: float = 0.0
    shear: float = Field(0.0, description="degrees in either direction")
    zoom: tuple[float, float] = Field((1.0, 1.0), description="share of the image's side that the crop shows")
    stretch: float = Field(0.0, description="change of the aspect ratio, natural logarithm, in either direction")
    flip: bool = Field(False, description="left to right; never for digits")
    elastic: float = Field(0.0, description="standard deviation of a smooth displacement")
    thickness: float = Field(
        0.0, ge=0, le=1, description="how far strokes grow or shrink, as a share of one pixel per side"
    )
    coarse: float = Field(0.0, ge=0, le=1, description="share of images blurred as if enlarged from a small scan")
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    mixup: float = Field(0.0, ge=0, le=1, description="share of batches whose images are blended in pairs")
    cutmix: float = Field(0.0, ge=0, le=1, description="share of batches whose images get a box of another image")


class Stage(Part):
    """From this epoch on, training images have this size.

    Small images teach most of the task for half the compute; larger ones follow.
    """

    epoch: int
    size: int


class Recipe(Part):
    name: str
    about: str
    publishes: str = Field(description="name of the servable that a run of this recipe makes")
    post: float | None = Field(None, exclude=True, description="test accuracy that the teaching post reports")
    note: str = Field("", exclude=True, description="what the report says beside our figure")
    use: str = Field("", exclude=True, description="model card: what the model is for; empty: `about`")
    limits: str = Field("", exclude=True, description="model card: what the model cannot do; empty: not studied")
    quantisation: Quantisation = Field(
        "none",
        exclude=True,
        description="LiteRT form: int8 runs convolutions in 8 bits, several times as fast on a CPU",
    )
    quick: list[str] = Field(["data.limit=2000", "epochs=3"], exclude=True, description="the overrides of --quick")
    data: Data
    net: Net
    optimiser: Optimiser
    augment: Augment = Augment()
    stages: list[Stage] = Field([], description="training image sizes in place of `data.size`, one after another")
    loss: Literal["cross_entropy", "mean_squared_error"] = "cross_entropy"
    label_smoothing: float = 0.0
    init_from: str = Field("", description="recipe whose trained weights the net starts with; empty: random weights")
    init_weight: float = Field(
        0.0, ge=0, lt=1, description="share of the weights of `init_from` in the final weights (weight interpolation)"
    )
    teachers: list[str] = Field([], description="recipes whose trained nets label the training images (distillation)")
    distill_weight: float = Field(0.7, ge=0, le=1, description="share of the teachers' probabilities in a label")
    epochs: int = Field(gt=0)
    steps: int | None = Field(None, gt=0, description="batches per epoch; by default one pass through the images")
    batch_size: int = Field(gt=0, description="images per step; at most all training images")
    patience: int = Field(0, ge=0, description="epochs without a lower validation loss that end the run; 0: never")
    seed: int = 1
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    sam_rho: float = Field(0.0, ge=0, description="radius of sharpness-aware minimisation; 0.5 to 1 is usual, 0 is off")
    gradient_penalty: float = Field(0.0, ge=0, description="gan: weight of the penalty on the discriminator's gradient")
    truncation: float = Field(1.0, gt=0, le=1, description="gan: the noise is scaled by this once it is exported")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the weight average that is validated and exported")

    @field_validator("init_weight")
    @classmethod
    def _needs_init_from(cls, share: float, fields: ValidationInfo) -> float:
        if share and not fields.data.get("init_from"):
            raise ValueError("there are no weights to interpolate with, because `init_from` names no recipe")
        return share

    @field_validator("net")
    @classmethod
    def _keeps_seeds(cls, net: Net, fields: ValidationInfo) -> Net:
        if net.kind == "gan" and fields.data.get("quantisation") == "int8":
            raise ValueError("a generator is not quantised, because a seed must be the same picture everywhere")
        return net

    def size_at(self, epoch: int) -> int:
        """Height and width of training images in that epoch."""
        return [self.data.size, *(stage.size for stage in self.stages if stage.epoch <= epoch)][-1]

    @property
    def gan(self) -> GanNet:
        """The net of a GAN's recipe. Raises RecipeError for a classifier's."""
        if not isinstance(self.net, GanNet):
            raise RecipeError(f"'{self.name}' is not the recipe of a GAN.")
        return self.net


# parts of which there are several kinds: the field that names the kind, and the kinds by that name
KINDS: dict[str, tuple[str, dict[str, type[Part]]]] = {
    part: (tag, {kind.model_fields[tag].default: kind for kind in get_args(get_args(union)[0])})
    for part, tag, union in (("data", "name", Data), ("net", "kind", Net))
}
