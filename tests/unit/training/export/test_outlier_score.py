import numpy as np
import pytest
import tensorflow as tf

from training.export.outlier_score import MOST, OutlierScore, fit_outlier_score

RNG = np.random.default_rng(0)
CENTRES = np.array([[0, 0, 0], [8, 0, 0]])
SPREAD = np.array([1, 1, 0.1])


def _known(count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = RNG.integers(0, 2, count)
    return CENTRES[labels] + RNG.normal(0, SPREAD, (count, 3)), labels


def _claims(count: int) -> np.ndarray:
    """Logits of known images: one of two classes claims them."""
    return np.stack([RNG.normal(8, 1, count), np.zeros(count)], axis=1)


def _score(fitted: OutlierScore, *levels: object, claims: object = None) -> np.ndarray:
    """Of what each level sees, and of logits: by default such as images that are typical have."""
    seen = [tf.constant(part, tf.float32) for part in levels]
    claims = np.tile([8.0, 0.0], (len(seen[0]), 1)) if claims is None else claims
    scores: np.ndarray = fitted.score([tf.constant(claims, tf.float32), *seen]).numpy()
    return scores


@pytest.fixture(scope="module")
def one_level() -> OutlierScore:
    known, labels = _known(20_000)
    return fit_outlier_score([_claims(20_000), known], labels, [_claims(5_000), _known(5_000)[0]])


def test_the_score_of_what_is_known_is_its_share_among_the_known(one_level: OutlierScore) -> None:
    scores = np.sort(_score(one_level, _known(5_000)[0], claims=_claims(5_000)))
    np.testing.assert_allclose(scores, np.linspace(0, 1, 5_000), atol=0.03)


def test_strangers_score_one_and_a_centre_next_to_nothing(one_level: OutlierScore) -> None:
    assert _score(one_level, [[0, 50, 0], [4, 0, 3]]).tolist() == [1, 1]
    assert _score(one_level, CENTRES, claims=[[12, 0], [0, 12]]).max() < 0.01


def test_a_step_counts_by_how_much_the_known_vary_that_way(one_level: OutlierScore) -> None:
    along, across = _score(one_level, [[0, 0.5, 0], [0, 0, 0.5]])
    assert along < 0.2 and across > 0.99


def test_what_no_class_claims_is_stranger_than_what_one_does(one_level: OutlierScore) -> None:
    claimed, typical, unclaimed = _score(
        one_level, np.tile(CENTRES[:1] + SPREAD, (3, 1)), claims=[[12, 0], [8, 0], [0, 0]]
    )
    assert claimed < typical < 0.9 and unclaimed > 0.99


def test_a_stranger_at_any_level_is_a_stranger_whatever_the_levels_units() -> None:
    known, labels = _known(20_000)
    held, claims = _known(5_000)[0], _claims(5_000)
    other, held_other = RNG.normal(0, 1, (20_000, 2)), RNG.normal(0, 1, (5_000, 2))
    fitted = fit_outlier_score([_claims(20_000), known, other], labels, [claims, held, held_other])
    usual, strange = CENTRES[:1], [[0, 9, 0]]
    assert _score(fitted, usual, [[0, 0]])[0] < 0.05
    assert _score(fitted, strange, [[0, 0]])[0] > 0.99
    assert _score(fitted, usual, [[0, 9]])[0] > 0.99
    larger = fit_outlier_score([claims, known, other * 1000], labels, [claims, held, held_other * 1000])
    np.testing.assert_allclose(
        _score(larger, held[:100], held_other[:100] * 1000), _score(fitted, held[:100], held_other[:100]), atol=0.01
    )


def test_of_a_wide_level_no_more_is_kept_than_a_covariance_can_hold() -> None:
    features = RNG.normal(0, 1, (600, 4 * MOST + 1)).astype(np.float32)
    claims = _claims(600)
    fitted = fit_outlier_score([claims, features], np.zeros(600, int), [claims, features])
    rows, columns = fitted.levels[0].whiten.shape
    assert MOST / 2 <= rows == columns <= MOST
    assert _score(fitted, features * 3).min() > 0.99
