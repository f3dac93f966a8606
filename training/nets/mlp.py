"""Fully connected layers over the flattened image; without hidden layers it is logistic regression."""

import keras

from training.nets.layers import class_logits, dense_block, dropout
from training.recipes.net_schema import MlpNet


def build(net: MlpNet, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    x = keras.layers.Flatten()(x)
    for units in net.widths:
        x = dense_block(net, x, units)
    x = class_logits(net, x if net.widths else dropout(x, net.dropout), classes)
    return keras.layers.ReLU()(x) if net.rectified else x
