"""A generator and a discriminator of small images, both conditioned on the class.

The generator gets the class through its batch norms (conditional batch norm, de Vries et al. 2017). The discriminator
scores whether image and class belong together (projection, Miyato and Koyama 2018).
"""

from typing import Any

import keras
from keras import layers

from training.recipes.net_schema import GanNet

Tensor = Any  # a KerasTensor: Keras has no types of its own
FEATURES = 128  # per image, in the discriminator's last layer but one


def _conditional_batch_norm(x: Tensor, label: Tensor, classes: int) -> Tensor:
    """Batch norm with a scale and a shift per class."""
    channels = x.shape[-1]
    x = layers.BatchNormalization(center=False, scale=False, momentum=0.9)(x)
    scale = layers.Embedding(classes, channels, embeddings_initializer="ones")(label)
    shift = layers.Embedding(classes, channels, embeddings_initializer="zeros")(label)
    per_channel = layers.Reshape((1, 1, channels))
    return x * per_channel(scale) + per_channel(shift)


def build_generator(net: GanNet, side: int, channels: int, classes: int) -> keras.Model:
    """(noise float32 [N,latent], label int32 [N]) -> float32 [N,side,side,channels] in [-1, 1].

    Each entry of `net.widths` after the first doubles the side of the map.
    """
    noise, label = keras.Input((net.latent,), name="noise"), keras.Input((), dtype="int32", name="label")
    start = side >> (len(net.widths) - 1)
    embedding = layers.Embedding(classes, net.latent // 2)(label)
    x = layers.Dense(start * start * net.widths[0], use_bias=False)(layers.Concatenate()([noise, embedding]))
    x = layers.Reshape((start, start, net.widths[0]))(x)
    x = layers.ReLU()(_conditional_batch_norm(x, label, classes))
    for filters in net.widths[1:]:
        x = layers.UpSampling2D(2)(x)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(_conditional_batch_norm(x, label, classes))
    x = layers.Conv2D(channels, 3, padding="same")(x)
    return keras.Model([noise, label], layers.Activation("tanh", dtype="float32")(x), name="generator")


def build_discriminator(net: GanNet, side: int, channels: int, classes: int) -> keras.Model:
    """(image float32 [N,side,side,channels] in [-1, 1], label int32 [N]) -> realness [N].

    Each entry of `net.discriminator_widths` after the first halves the side of the map. There are no norms: a gradient
    penalty (training.fit.gan) keeps it smooth.
    """
    image, label = keras.Input((side, side, channels), name="picture"), keras.Input((), dtype="int32", name="label")
    first, *others = net.discriminator_widths
    x = layers.LeakyReLU(0.2)(layers.Conv2D(first, 3, padding="same", kernel_initializer="he_normal")(image))
    for filters in others:
        x = layers.Conv2D(filters, 4, strides=2, padding="same", kernel_initializer="he_normal")(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Dense(FEATURES, kernel_initializer="he_normal")(layers.Flatten()(x))
    x = layers.LeakyReLU(0.2)(x)
    embedding = layers.Embedding(classes, FEATURES)(label)
    realness = layers.Dense(1)(x)[:, 0] + layers.Dot(axes=1)([x, embedding])[:, 0]
    return keras.Model([image, label], realness, name="discriminator")
