"""The parts of a recipe, each with its fields, checked by pydantic; `training.recipes.loading` is the whole."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Part):
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


class Net(Part):
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
    rectified: bool = Field(False, description="mlp: the outputs pass a ReLU as well, before the softmax")
    l1: float = 0.0
    l2: float = 0.0


class Optimiser(Part):
    name: Literal["sgd", "adagrad", "rmsprop", "adam", "adamw", "muon"]
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0.0, description="sgd and rmsprop; beta_1 of the Adams when set")
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "trapezoid"] = Field(
        "constant", description="trapezoid: constant, then in a straight line to nothing over the last quarter"
    )
    warmup_epochs: float = 0.0


class Augment(Part):
    """Random changes to a training image; 0 is none. Shares are of the image's size."""

    rotation: float = Field(0.0, description="degrees either way")
    shift: float = 0.0
    shear: float = Field(0.0, description="degrees either way")
    zoom: tuple[float, float] = Field((1.0, 1.0), description="share of the image's side that the crop shows")
    stretch: float = Field(0.0, description="change of aspect ratio, natural logarithm either way")
    flip: bool = Field(False, description="left to right; never for digits")
    elastic: float = Field(0.0, description="bends, standard deviation of a pixel's way")
    thickness: float = Field(0.0, ge=0, le=1, description="how far strokes grow or shrink by a pixel on each side")
    coarse: float = Field(0.0, ge=0, le=1, description="share of images blurred as if they had been scanned small")
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    mixup: float = Field(0.0, ge=0, le=1, description="share of batches whose images are blended in pairs")
    cutmix: float = Field(0.0, ge=0, le=1, description="share of batches whose images have a box of another pasted in")


class Stage(Part):
    """From this epoch on, training images have this size: small first is most of the learning at half the price."""

    epoch: int
    size: int


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
