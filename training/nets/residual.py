"""A small residual net (He et al. 2015), fully convolutional: it can be trained at one image size and used at another.

A stem, then one stage per width. Every stage but the first halves the image, with average pooling on its shortcut
(ResNet-D, He et al. 2018). Global average pooling and one dense layer follow.
"""

import keras
from keras import layers

from training.nets.layers import class_logits, conv_block, dropout
from training.recipes.net_schema import ResidualNet


def build(net: ResidualNet, x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    for filters in net.stem:
        x = conv_block(net, x, filters, strides=2)
    if not net.stem:
        x = conv_block(net, x, net.widths[0], strides=net.stem_stride)
    depths = net.depths or [net.depth] * len(net.widths)
    for stage, (filters, depth) in enumerate(zip(net.widths, depths, strict=True)):
        for block in range(depth):
            x = _block(net, x, filters, strides=2 if stage and not block else 1)
    x = dropout(layers.GlobalAveragePooling2D()(x), net.dropout)
    return class_logits(net, x, classes)


def _block(net: ResidualNet, x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    shortcut = x
    if strides > 1:
        shortcut = layers.AveragePooling2D(strides, padding="same")(shortcut)
    if shortcut.shape[-1] != filters:
        shortcut = layers.BatchNormalization()(layers.Conv2D(filters, 1, use_bias=False)(shortcut))
    y = conv_block(net, x, filters, strides)
    y = conv_block(net, y, filters, activate=False)
    if net.squeeze:
        y = _squeeze_excite(y)
    return layers.Activation(net.activation)(layers.Add()([shortcut, y]))


def _squeeze_excite(x: keras.KerasTensor) -> keras.KerasTensor:
    """Squeeze and excitation (Hu et al. 2017): each channel times a gate that is computed from the whole image."""
    channels = x.shape[-1]
    gates = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gates = layers.Dense(max(8, channels // 8), activation="relu")(gates)
    return layers.Multiply()([x, layers.Dense(channels, activation="sigmoid")(gates)])
