import keras
import numpy as np

from training.fit.muon import Muon


def _step(optimiser: Muon, gradient: np.ndarray, name: str = "kernel") -> np.ndarray:
    """What one step adds to a variable that was zero."""
    variable = keras.Variable(np.zeros_like(gradient), name=name)
    optimiser.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return np.asarray(variable.numpy())


def _steep() -> np.ndarray:
    """A gradient [3,3,4,8] of a kernel, a thousand times steeper in some directions than in others."""
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.normal(size=(36, 8)))
    right, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    return ((left * np.geomspace(1, 1e-3, 8)) @ right).reshape(3, 3, 4, 8).astype(np.float32)


def test_a_step_of_a_convolution_is_as_long_in_every_direction_that_its_gradient_has() -> None:
    steep = _steep()
    lengths = np.linalg.svd(_step(Muon(0.1), steep).reshape(36, 8), compute_uv=False)
    assert np.linalg.cond(steep.reshape(36, 8)) > 900
    assert lengths[:4].max() / lengths[:4].min() < 2


def test_a_step_does_not_grow_with_the_gradient() -> None:
    steep = _steep()
    np.testing.assert_allclose(_step(Muon(0.1), 1024 * steep), _step(Muon(0.1), steep), rtol=1e-3)


def test_a_step_is_typically_a_fifth_of_the_learning_rate() -> None:
    even = np.random.default_rng(1).normal(size=(3, 3, 16, 16)).astype(np.float32)
    size = np.sqrt(np.square(_step(Muon(0.1), even)).mean())
    assert 0.015 < size < 0.025


def test_norms_and_biases_step_as_adam_does() -> None:
    np.testing.assert_allclose(_step(Muon(0.1), np.array([5.0, -0.01], np.float32)), [-0.1, 0.1], rtol=1e-3)
