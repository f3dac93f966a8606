"""Convolutions with pooling between them, then dense layers, as in LeNet."""

import keras

from training.nets.layers import class_logits, conv_block, dense_block, dropout
from training.recipes.net_schema import CnnNet


def build(net: CnnNet, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    for filters in net.widths:
        x = dropout(keras.layers.MaxPooling2D(2)(conv_block(net, x, filters)), net.conv_dropout)
    x = keras.layers.Flatten()(x)
    for units in net.dense:
        x = dense_block(net, x, units)
    return class_logits(net, x if net.dense else dropout(x, net.dropout), classes)
