"""Convolutions with pooling between them, then dense layers: LeNet's plan."""

import keras

from training.nets.layers import classes_out, conv, dense, dropped
from training.recipes.schema import Net


def build(net: Net, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    for filters in net.widths:
        x = dropped(keras.layers.MaxPooling2D(2)(conv(net, x, filters)), net.conv_dropout)
    x = keras.layers.Flatten()(x)
    for units in net.dense:
        x = dense(net, x, units)
    return classes_out(net, x if net.dense else dropped(x, net.dropout), classes)
