import numpy as np
import pytest

from training.export.temperature import fit_temperature


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_temperature_of_scaled_logits_is_recovered(temperature: float) -> None:
    rng = np.random.default_rng(0)
    calibrated = rng.normal(0, 2, (20_000, 3))
    probabilities = np.exp(calibrated) / np.exp(calibrated).sum(axis=1, keepdims=True)
    labels = (probabilities.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1).astype(np.int32)
    assert fit_temperature(calibrated * temperature, labels) == pytest.approx(temperature, rel=0.05)
