import numpy as np
import pytest
import tensorflow as tf

from training.outliers import fit

RNG = np.random.default_rng(0)
CENTRES = np.array([[0, 0, 0], [8, 0, 0]])
SPREAD = np.array([1, 1, 0.1])


def _known(count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = RNG.integers(0, 2, count)
    return CENTRES[labels] + RNG.normal(0, SPREAD, (count, 3)), labels


@pytest.fixture(scope="module")
def scored() -> object:
    fitted = fit(*_known(20_000), _known(5_000)[0])
    return lambda points: fitted.score(tf.constant(points, tf.float32)).numpy()


def test_the_score_of_what_is_known_is_its_share_among_the_known(scored) -> None:  # type: ignore[no-untyped-def]
    scores = np.sort(scored(_known(5_000)[0]))
    np.testing.assert_allclose(scores, np.linspace(0, 1, 5_000), atol=0.03)


def test_strangers_score_one_and_a_centre_next_to_nothing(scored) -> None:  # type: ignore[no-untyped-def]
    assert scored([[0, 50, 0], [4, 0, 3]]).tolist() == [1, 1]
    assert scored(CENTRES).max() < 0.01


def test_a_step_counts_by_how_much_the_known_vary_that_way(scored) -> None:  # type: ignore[no-untyped-def]
    along, across = scored([[0, 0.5, 0], [0, 0, 0.5]])
    assert along < 0.2 and across > 0.99
