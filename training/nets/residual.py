"""A small residual net (He et al. 2015), fully convolutional, so it can be trained at one size and used at another.

A stem, then a stage a width; every stage but the first halves the image, by average pooling on its shortcut
(ResNet-D, He et al. 2018); global average pooling and one dense layer end it.
"""

import keras
from keras import layers

from training.nets.layers import classes_out, conv
from training.recipe import Net


def _block(net: Net, x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    short = x
    if strides > 1:
        short = layers.AveragePooling2D(strides, padding="same")(short)
    if short.shape[-1] != filters:
        short = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(short))
    y = conv(net, x, filters, strides)
    y = conv(net, y, filters, activate=False)
    return layers.Activation(net.activation)(layers.Add()([short, y]))


def build(net: Net, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    x = conv(net, x, net.widths[0], strides=net.stem_stride)
    for stage, filters in enumerate(net.widths):
        x = _block(net, x, filters, strides=1 if stage == 0 else 2)
        for _ in range(net.depth - 1):
            x = _block(net, x, filters, strides=1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(net.dropout)(x) if net.dropout else x
    return classes_out(net, x, classes)
