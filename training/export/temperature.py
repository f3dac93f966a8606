"""Probabilities that mean what they say: one temperature for the logits (Guo et al. 2017), fitted on validation."""

import keras
import numpy as np
from numpy.typing import NDArray

from training.data import Split
from training.data.dataset import chunks


def predict_logits(model: keras.Model, split: Split) -> NDArray[np.float64]:
    """[N,K] for every image of the split."""
    return np.concatenate([model.predict_on_batch(images) for images in chunks(split)]).astype(np.float64)


def negative_log_likelihood(scores: NDArray[np.float64], labels: NDArray[np.int32], temperature: float) -> float:
    """Mean negative log-likelihood."""
    scaled = scores / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    right = scaled[np.arange(len(labels)), labels]
    return float((np.log(np.exp(scaled).sum(axis=1)) - right).mean())


def fit_temperature(scores: NDArray[np.float64], labels: NDArray[np.int32]) -> float:
    """What to divide logits by for the least surprise, found among 1/10 to 10."""
    candidates = np.exp(np.linspace(np.log(0.1), np.log(10), 401))
    return float(min(candidates, key=lambda each: negative_log_likelihood(scores, labels, each)))
