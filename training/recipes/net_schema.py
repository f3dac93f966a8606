"""`net` of a recipe: the kind of net, with the fields of that kind."""

from typing import Annotated, Literal

from pydantic import Field

from training.recipes.part import Part

Initialiser = Literal[
    "he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "truncated_normal", "uniform", "zeros"
]


class ClassifierNet(Part):
    """The fields that every classifier has; see training.nets.layers."""

    widths: list[int] = Field(description="units or filters: one per layer, or one per stage")
    activation: Literal["relu", "leaky_relu", "tanh", "silu"] = "relu"
    initialiser: Initialiser = "he_normal"
    variance: float | None = Field(
        None, gt=0, description="he and glorot: the weights' variance is this over the fan; 2 for he, 1 for glorot"
    )
    spread: float = Field(
        0.05, gt=0, description="truncated_normal: the standard deviation; uniform: the largest absolute value"
    )
    batch_norm: Literal["none", "before", "after"] = Field("none", description="before or after the activation")
    dropout: float = Field(0.0, ge=0, lt=1, description="after each hidden dense layer, or before the softmax")
    l1: float = 0.0
    l2: float = 0.0


class MlpNet(ClassifierNet):
    kind: Literal["mlp"] = "mlp"
    rectified: bool = Field(False, description="a ReLU on the logits too, before the softmax")


class CnnNet(ClassifierNet):
    kind: Literal["cnn"] = "cnn"
    kernel: int = 3
    conv_dropout: float = Field(0.0, ge=0, lt=1, description="after each pooling")
    dense: list[int] = Field([], description="units of the dense layers after the convolutions")


class ResidualNet(ClassifierNet):
    kind: Literal["residual"] = "residual"
    kernel: int = 3
    depth: int = Field(1, description="blocks of two convolutions per stage")
    depths: list[int] = Field([], description="blocks of each stage, in place of `depth`")
    stem_stride: int = Field(1, description="2 halves the image before the first stage")
    stem: list[int] = Field([], description="filters of several convolutions that each halve the image, as the stem")
    squeeze: bool = Field(False, description="squeeze and excitation in every block")


class GanNet(Part):
    kind: Literal["gan"] = "gan"
    widths: list[int] = Field(description="filters of the generator, from the smallest map to the largest")
    latent: int = Field(64, description="length of the noise vector")
    discriminator_widths: list[int] = Field(
        [],
        min_length=1,
        validate_default=True,
        description="filters of the discriminator, from the largest map to the smallest",
    )


Net = Annotated[MlpNet | CnnNet | ResidualNet | GanNet, Field(discriminator="kind")]
