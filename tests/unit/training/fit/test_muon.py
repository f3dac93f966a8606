import keras
import numpy as np

from training.fit.muon import Muon


def _step(optimiser: Muon, gradient: np.ndarray, name: str = "kernel") -> np.ndarray:
    """The change of a zero variable by one step."""
    variable = keras.Variable(np.zeros_like(gradient), name=name)
    optimiser.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return np.asarray(variable.numpy())


def _ill_conditioned_gradient() -> np.ndarray:
    """A gradient [3,3,4,8] of a kernel, a thousand times longer in some directions than in others."""
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.normal(size=(36, 8)))
    right, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    return ((left * np.geomspace(1, 1e-3, 8)) @ right).reshape(3, 3, 4, 8).astype(np.float32)


def test_step_of_a_convolution_is_equally_long_in_all_directions_of_its_gradient() -> None:
    gradient = _ill_conditioned_gradient()
    lengths = np.linalg.svd(_step(Muon(0.1), gradient).reshape(36, 8), compute_uv=False)
    assert np.linalg.cond(gradient.reshape(36, 8)) > 900
    assert lengths[:4].max() / lengths[:4].min() < 2


def test_the_step_length_does_not_depend_on_the_gradient_length() -> None:
    gradient = _ill_conditioned_gradient()
    np.testing.assert_allclose(_step(Muon(0.1), 1024 * gradient), _step(Muon(0.1), gradient), rtol=1e-3)


def test_a_step_is_typically_a_fifth_of_the_learning_rate() -> None:
    gradient = np.random.default_rng(1).normal(size=(3, 3, 16, 16)).astype(np.float32)
    size = np.sqrt(np.square(_step(Muon(0.1), gradient)).mean())
    assert 0.015 < size < 0.025


def test_norms_and_biases_are_updated_by_adam() -> None:
    np.testing.assert_allclose(_step(Muon(0.1), np.array([5.0, -0.01], np.float32)), [-0.1, 0.1], rtol=1e-3)
