"""Layers with the options of every classifier: initialiser, L1 and L2, batch norm, activation, dropout."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from training.recipes.net_schema import ClassifierNet, CnnNet, ResidualNet

Tensor = Any  # a KerasTensor: Keras has no types of its own

_FANS = {"he": (2.0, "fan_in"), "glorot": (1.0, "fan_avg")}  # He et al. 2015; Glorot and Bengio 2010


def build_initialiser(net: ClassifierNet) -> keras.initializers.Initializer:
    """One for each layer. Keras scales truncated normals up, so that their variance is the requested one."""
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


def _weight_options(net: ClassifierNet) -> dict[str, object]:
    penalty = keras.regularizers.L1L2(net.l1, net.l2) if net.l1 or net.l2 else None
    return {"kernel_initializer": build_initialiser(net), "kernel_regularizer": penalty}


def _activation(net: ClassifierNet) -> layers.Layer:
    return layers.LeakyReLU(0.3) if net.activation == "leaky_relu" else layers.Activation(net.activation)


def layer_block(
    net: ClassifierNet, x: Tensor, layer: Callable[..., layers.Layer], activate: bool = True, **shape: object
) -> Tensor:
    """`layer(**shape)`, then batch norm and activation in the recipe's order."""
    x = layer(use_bias=net.batch_norm != "before", **_weight_options(net), **shape)(x)
    if net.batch_norm == "before":
        x = layers.BatchNormalization()(x)
    if activate:
        x = _activation(net)(x)
    return layers.BatchNormalization()(x) if net.batch_norm == "after" and activate else x


def dropout(x: Tensor, share: float) -> Tensor:
    """For a share of 0, `x` without a layer."""
    return layers.Dropout(share)(x) if share else x


def dense_block(net: ClassifierNet, x: Tensor, units: int) -> Tensor:
    return dropout(layer_block(net, x, layers.Dense, units=units), net.dropout)


def conv_block(net: CnnNet | ResidualNet, x: Tensor, filters: int, strides: int = 1, activate: bool = True) -> Tensor:
    return layer_block(
        net, x, layers.Conv2D, activate, filters=filters, kernel_size=net.kernel, strides=strides, padding="same"
    )


def class_logits(net: ClassifierNet, x: Tensor, classes: int) -> Tensor:
    """The last layer: no batch norm, no dropout."""
    return layers.Dense(classes, name="classes", **_weight_options(net))(x)
