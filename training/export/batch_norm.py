"""What batch norms take for the usual, measured anew once a net is trained.

In training they average what they see there: pictures that are cropped, bent and blended, through weights that move.
Averaged weights give other outputs than the weights they are the average of (Izmailov et al. 2018, SWA), and pictures
are served whole. So the statistics are those of whole training pictures at the size served, through the weights served
(Wu and Johnson 2021, Rethinking "Batch" in BatchNorm).
"""

import keras
import numpy as np

from training.data import Split
from training.input.pipeline import resized


def recalibrate_batch_norm(model: keras.Model, split: Split, side: int, most: int = 4096) -> None:
    """Give the net's batch norms the mean and variance over `most` of the split's images at that size.

    Drawn at random: a batch of one class, as folders have them, is not what a net sees in training.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    seen: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in norms]
    for norm in norms:
        norm.momentum = 0.0  # the statistics are then those of the last batch alone
    drawn = np.random.default_rng(0).permutation(len(split))[:most]
    for images in resized(split.select(drawn), side, most):
        model(images, training=True)
        for norm, each in zip(norms, seen, strict=True):
            each.append((norm.moving_mean.numpy(), norm.moving_variance.numpy()))
    for norm, each, momentum in zip(norms, seen, momenta, strict=True):
        means, variances = (np.stack(both) for both in zip(*each, strict=True))
        norm.moving_mean.assign(means.mean(axis=0))
        norm.moving_variance.assign(variances.mean(axis=0) + means.var(axis=0))
        norm.momentum = momentum
