"""Layers with the options that every recipe may use: initialiser, L1 and L2, batch norm, activation, dropout."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from training.recipe import Net

Tensor = Any  # a KerasTensor: Keras has no types of its own


def _weights(net: Net) -> dict[str, object]:
    penalty = keras.regularizers.L1L2(net.l1, net.l2) if net.l1 or net.l2 else None
    return {"kernel_initializer": net.initialiser, "kernel_regularizer": penalty}


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


def dense(net: Net, x: Tensor, units: int) -> Tensor:
    x = activated(net, x, layers.Dense, units=units)
    return layers.Dropout(net.dropout)(x) if net.dropout else x


def conv(net: Net, x: Tensor, filters: int, strides: int = 1, activate: bool = True) -> Tensor:
    return activated(
        net, x, layers.Conv2D, activate, filters=filters, kernel_size=net.kernel, strides=strides, padding="same"
    )


def classes_out(net: Net, x: Tensor, classes: int) -> Tensor:
    """Logits; never normalised, never dropped."""
    return layers.Dense(classes, name="classes", **_weights(net))(x)
