import numpy as np
import pytest

from training.export.temperature import fit_temperature


@pytest.mark.parametrize("heat", [0.4, 1.0, 2.5])
def test_logits_that_are_too_sure_or_not_sure_enough_are_put_right(heat: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (20_000, 3))
    shares = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1).astype(np.int32)
    assert fit_temperature(honest * heat, labels) == pytest.approx(heat, rel=0.05)
