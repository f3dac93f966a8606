"""Calibrates probabilities: one temperature for the logits (Guo et al. 2017), fitted on validation images."""

import keras
import numpy as np
from numpy.typing import NDArray

from training.data import Split
from training.data.dataset import chunks


def predict_logits(model: keras.Model, split: Split) -> NDArray[np.float64]:
    """[N,K] for all images of the split."""
    return np.concatenate([model.predict_on_batch(images) for images in chunks(split)]).astype(np.float64)


def compute_negative_log_likelihood(
    logits: NDArray[np.float64], labels: NDArray[np.int32], temperature: float
) -> float:
    """The mean over logits [N,K] and labels [N]."""
    scaled = logits / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    of_labels = scaled[np.arange(len(labels)), labels]
    return float((np.log(np.exp(scaled).sum(axis=1)) - of_labels).mean())


def fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int32]) -> float:
    """The divisor of the logits, from 1/10 to 10, that gives the lowest negative log-likelihood."""
    candidates = np.exp(np.linspace(np.log(0.1), np.log(10), 401))
    return float(min(candidates, key=lambda value: compute_negative_log_likelihood(logits, labels, value)))
