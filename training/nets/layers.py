"""Layers with the options that every recipe may use: initialiser, L1 and L2, batch norm, activation, dropout."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from training.recipes.schema import Net

Tensor = Any  # a KerasTensor: Keras has no types of its own

_FANS = {"he": (2.0, "fan_in"), "glorot": (1.0, "fan_avg")}  # He et al. 2015; Glorot and Bengio 2010


def initialiser(net: Net) -> keras.initializers.Initializer:
    """For one layer; Keras scales truncated normals up, so that their variance is what the name says."""
    match net.initialiser:
        case "zeros":
            return keras.initializers.Zeros()
        case "truncated_normal":
            return keras.initializers.TruncatedNormal(stddev=net.spread)
        case "uniform":
            return keras.initializers.RandomUniform(-net.spread, net.spread)
    family, shape = net.initialiser.split("_")
    scale, fan = _FANS[family]
    distribution = "truncated_normal" if shape == "normal" else "uniform"
    return keras.initializers.VarianceScaling(net.variance or scale, fan, distribution)


def _weights(net: Net) -> dict[str, object]:
    penalty = keras.regularizers.L1L2(net.l1, net.l2) if net.l1 or net.l2 else None
    return {"kernel_initializer": initialiser(net), "kernel_regularizer": penalty}


def _activation(net: Net) -> layers.Layer:
    return layers.LeakyReLU(0.3) if net.activation == "leaky_relu" else layers.Activation(net.activation)


def activated(
    net: Net, x: Tensor, layer: Callable[..., layers.Layer], activate: bool = True, **shape: object
) -> Tensor:
    """`layer(**shape)`, then batch norm and activation in the order that the recipe asks for."""
    x = layer(use_bias=net.batch_norm != "before", **_weights(net), **shape)(x)
    if net.batch_norm == "before":
        x = layers.BatchNormalization()(x)
    if activate:
        x = _activation(net)(x)
    return layers.BatchNormalization()(x) if net.batch_norm == "after" and activate else x


def dropped(x: Tensor, share: float) -> Tensor:
    return layers.Dropout(share)(x) if share else x


def dense(net: Net, x: Tensor, units: int) -> Tensor:
    return dropped(activated(net, x, layers.Dense, units=units), net.dropout)


def conv(net: Net, x: Tensor, filters: int, strides: int = 1, activate: bool = True) -> Tensor:
    return activated(
        net, x, layers.Conv2D, activate, filters=filters, kernel_size=net.kernel, strides=strides, padding="same"
    )


def classes_out(net: Net, x: Tensor, classes: int) -> Tensor:
    """Logits; never normalised, never dropped."""
    return layers.Dense(classes, name="classes", **_weights(net))(x)
