"""A generator and a discriminator of small pictures, both told the class.

The generator gets the class through its batch norms (conditional batch norm, de Vries et al. 2017). The discriminator
judges whether picture and class belong together (projection, Miyato and Koyama 2018).
"""

from typing import Any

import keras
from keras import layers

from training.recipes.schema import Net

Tensor = Any  # a KerasTensor: Keras has no types of its own
FEATURES = 128  # of a picture, by which the discriminator judges


def _told_norm(x: Tensor, label: Tensor, classes: int) -> Tensor:
    """Batch norm whose scale and shift are the class's own."""
    channels = x.shape[-1]
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.9)(x)
    scale = layers.Embedding(classes, channels, embeddings_initializer="ones")(label)
    shift = layers.Embedding(classes, channels, embeddings_initializer="zeros")(label)
    spread = layers.Reshape((1, 1, channels))
    return x * spread(scale) + spread(shift)


def generator(net: Net, side: int, channels: int, classes: int) -> keras.Model:
    """(noise float32 [N,latent], label int32 [N]) -> float32 [N,side,side,channels] in [-1, 1].

    `net.widths` are the filters from the smallest map to the largest; each step doubles the side.
    """
    noise, label = keras.Input((net.latent,), name="noise"), keras.Input((), dtype="int32", name="label")
    start = side >> (len(net.widths) - 1)
    named = layers.Embedding(classes, net.latent // 2)(label)
    x = layers.Dense(start * start * net.widths[0], use_bias=False)(layers.Concatenate()([noise, named]))
    x = layers.Reshape((start, start, net.widths[0]))(x)
    x = layers.ReLU()(_told_norm(x, label, classes))
    for filters in net.widths[1:]:
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(_told_norm(x, label, classes))
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return keras.Model([noise, label], layers.Activation("tanh", dtype="float32")(x), name="generator")


def discriminator(net: Net, side: int, channels: int, classes: int) -> keras.Model:
    """(picture float32 [N,side,side,channels] in [-1, 1], label int32 [N]) -> realness [N].

    `net.judge` are the filters from the whole picture down; each step halves the side. It has no norms: a penalty on
    its slope (training.fit.gan) keeps it smooth.
    """
    picture, label = keras.Input((side, side, channels), name="picture"), keras.Input((), dtype="int32", name="label")
    first, *others = net.judge
    x = layers.LeakyReLU(0.2)(layers.Conv2D(first, 3, padding="same", kernel_initializer="he_normal")(picture))
    for filters in others:
        x = layers.Conv2D(filters, 4, strides=2, padding="same", kernel_initializer="he_normal")(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Dense(FEATURES, kernel_initializer="he_normal")(layers.Flatten()(x))
    x = layers.LeakyReLU(0.2)(x)
    named = layers.Embedding(classes, FEATURES)(label)
    realness = layers.Dense(1)(x)[:, 0] + layers.Dot(axes=1)([x, named])[:, 0]
    return keras.Model([picture, label], realness, name="discriminator")
