"""Re-estimates BatchNorm statistics after training.

During training, BatchNorm averages over images that are cropped, distorted and mixed, and over weights that change.
Averaged weights give other outputs than the weights that they average (Izmailov et al. 2018, SWA), and the service
predicts on whole images. So the statistics are computed again: over whole training images, at the size that is served,
with the weights that are served (Wu and Johnson 2021, Rethinking "Batch" in BatchNorm).
"""

import keras
import numpy as np

from training.data import Split
from training.input.pipeline import resized


def recalibrate_batch_norm(model: keras.Model, split: Split, side: int, limit: int = 4096) -> None:
    """Set every BatchNorm to the mean and variance over at most `limit` images of the split, resized to `side`.

    The images are drawn at random: in folders they are ordered by class, and training has no batches of one class.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    statistics: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in norms]
    for norm in norms:
        norm.momentum = 0.0  # so that the moving statistics are those of the last batch alone
    indices = np.random.default_rng(0).permutation(len(split))[:limit]
    for images in resized(split.select(indices), side, limit):
        model(images, training=True)
        for norm, batches in zip(norms, statistics, strict=True):
            batches.append((norm.moving_mean.numpy(), norm.moving_variance.numpy()))
    for norm, batches, momentum in zip(norms, statistics, momenta, strict=True):
        means, variances = (np.stack(values) for values in zip(*batches, strict=True))
        norm.moving_mean.assign(means.mean(axis=0))
        norm.moving_variance.assign(variances.mean(axis=0) + means.var(axis=0))
        norm.momentum = momentum
