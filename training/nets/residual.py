"""A small residual net (He et al. 2015), fully convolutional, so it can be trained at one size and used at another.

A stem, then a stage a width; every stage but the first halves the image, by average pooling on its shortcut
(ResNet-D, He et al. 2018); global average pooling and one dense layer end it.
"""

import keras
from keras import layers

from training.nets.layers import classes_out, conv
from training.recipes.schema import Net


def _block(net: Net, x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    short = x
    if strides > 1:
        short = layers.AveragePooling2D(strides, padding="same")(short)
    if short.shape[-1] != filters:
        short = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(short))
    y = conv(net, x, filters, strides)
    y = conv(net, y, filters, activate=False)
    if net.squeeze:
        y = _weighed(y)
    return layers.Activation(net.activation)(layers.Add()([short, y]))


def _weighed(x: keras.KerasTensor) -> keras.KerasTensor:
    """Squeeze and excitation (Hu et al. 2017): each channel times a share that the whole image decides."""
    channels = x.shape[-1]
    shares = layers.GlobalAveragePooling2D(keepdims=True)(x)
    shares = layers.Dense(max(8, channels // 8), activation="relu")(shares)
    return layers.Multiply()([x, layers.Dense(channels, activation="sigmoid")(shares)])


def build(net: Net, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    for filters in net.stem:
        x = conv(net, x, filters, strides=2)
    if not net.stem:
        x = conv(net, x, net.widths[0], strides=net.stem_stride)
    depths = net.depths or [net.depth] * len(net.widths)
    for stage, (filters, depth) in enumerate(zip(net.widths, depths, strict=True)):
        for block in range(depth):
            x = _block(net, x, filters, strides=2 if stage and not block else 1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(net.dropout)(x) if net.dropout else x
    return classes_out(net, x, classes)
