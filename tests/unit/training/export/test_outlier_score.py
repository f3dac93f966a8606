import numpy as np
import pytest
import tensorflow as tf

from training.export.outlier_score import MAX_FEATURES, OutlierScore, fit_outlier_score

RNG = np.random.default_rng(0)
CENTRES = np.array([[0, 0, 0], [8, 0, 0]])
SPREAD = np.array([1, 1, 0.1])


def _draw_features(count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = RNG.integers(0, 2, count)
    return CENTRES[labels] + RNG.normal(0, SPREAD, (count, 3)), labels


def _draw_logits(count: int) -> np.ndarray:
    """Logits of known images, with a high value for one of two classes."""
    return np.stack([RNG.normal(8, 1, count), np.zeros(count)], axis=1)


def _score(fitted: OutlierScore, *levels: object, logits: object = None) -> np.ndarray:
    """The scores for the features of each level and for logits, by default those of a typical image."""
    features = [tf.constant(values, tf.float32) for values in levels]
    logits = np.tile([8.0, 0.0], (len(features[0]), 1)) if logits is None else logits
    scores: np.ndarray = fitted.score([tf.constant(logits, tf.float32), *features]).numpy()
    return scores


@pytest.fixture(scope="module")
def one_level() -> OutlierScore:
    features, labels = _draw_features(20_000)
    return fit_outlier_score([_draw_logits(20_000), features], labels, [_draw_logits(5_000), _draw_features(5_000)[0]])


def test_scores_of_known_images_are_uniform(one_level: OutlierScore) -> None:
    scores = np.sort(_score(one_level, _draw_features(5_000)[0], logits=_draw_logits(5_000)))
    np.testing.assert_allclose(scores, np.linspace(0, 1, 5_000), atol=0.03)


def test_outliers_score_one_and_class_centres_almost_zero(one_level: OutlierScore) -> None:
    assert _score(one_level, [[0, 50, 0], [4, 0, 3]]).tolist() == [1, 1]
    assert _score(one_level, CENTRES, logits=[[12, 0], [0, 12]]).max() < 0.01


def test_distance_is_scaled_by_the_variance_in_its_direction(one_level: OutlierScore) -> None:
    along, across = _score(one_level, [[0, 0.5, 0], [0, 0, 0.5]])
    assert along < 0.2 and across > 0.99


def test_low_logits_for_all_classes_raise_the_score(one_level: OutlierScore) -> None:
    high, typical, low = _score(one_level, np.tile(CENTRES[:1] + SPREAD, (3, 1)), logits=[[12, 0], [8, 0], [0, 0]])
    assert high < typical < 0.9 and low > 0.99


def test_outlier_at_one_level_scores_high_whatever_the_scale_of_that_level() -> None:
    features, labels = _draw_features(20_000)
    held_out, logits = _draw_features(5_000)[0], _draw_logits(5_000)
    other, other_held_out = RNG.normal(0, 1, (20_000, 2)), RNG.normal(0, 1, (5_000, 2))
    fitted = fit_outlier_score([_draw_logits(20_000), features, other], labels, [logits, held_out, other_held_out])
    typical, outlier = CENTRES[:1], [[0, 9, 0]]
    assert _score(fitted, typical, [[0, 0]])[0] < 0.05
    assert _score(fitted, outlier, [[0, 0]])[0] > 0.99
    assert _score(fitted, typical, [[0, 9]])[0] > 0.99
    larger = fit_outlier_score([logits, features, other * 1000], labels, [logits, held_out, other_held_out * 1000])
    np.testing.assert_allclose(
        _score(larger, held_out[:100], other_held_out[:100] * 1000),
        _score(fitted, held_out[:100], other_held_out[:100]),
        atol=0.01,
    )


def test_wide_level_is_reduced_to_the_limit_of_features() -> None:
    features = RNG.normal(0, 1, (600, 4 * MAX_FEATURES + 1)).astype(np.float32)
    logits = _draw_logits(600)
    fitted = fit_outlier_score([logits, features], np.zeros(600, int), [logits, features])
    rows, columns = fitted.levels[0].whitening.shape
    assert MAX_FEATURES / 2 <= rows == columns <= MAX_FEATURES
    assert _score(fitted, features * 3).min() > 0.99
