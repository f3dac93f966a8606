"""Fully connected layers over the flattened image; without any, logistic regression."""

import keras

from training.nets.layers import classes_out, dense, dropped
from training.recipes.schema import Net


def build(net: Net, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    x = keras.layers.Flatten()(x)
    for units in net.widths:
        x = dense(net, x, units)
    x = classes_out(net, x if net.widths else dropped(x, net.dropout), classes)
    return keras.layers.ReLU()(x) if net.rectified else x
