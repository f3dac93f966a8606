import keras
import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from training.export.rounding import round_to_bfloat16, round_weights

NUMBERS = st.floats(-(2.0**99), 2.0**99, width=32)


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_kernels_are_rounded_to_the_bits_of_bfloat16(numbers: list[float]) -> None:
    kernel = np.array([numbers], np.float32)
    kept = round_to_bfloat16(kernel)
    normal = np.abs(kernel) > np.finfo(np.float32).tiny
    assert np.all(np.abs(kept - kernel)[normal] <= np.abs(kernel)[normal] / 256)
    assert np.array_equal(round_to_bfloat16(kept), kept)


@given(NUMBERS)
def test_they_are_rounded_as_tensorflow_rounds_to_bfloat16_but_for_ties(number: float) -> None:
    kept = round_to_bfloat16(np.full((2, 2), number, np.float32))[0, 0]
    rounded = float(tf.cast(tf.cast(number, tf.bfloat16), tf.float32))
    assert kept == rounded or abs(kept - np.float32(number)) == abs(rounded - np.float32(number))


def test_vectors_stay_as_they_are() -> None:
    vector = np.array([1 / 3, 1e-9], np.float32)
    assert np.array_equal(round_to_bfloat16(vector), vector)


def test_a_shortened_model_has_only_kernels_of_those_bits() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, kernel_initializer="he_normal")])
    before = model.get_weights()
    round_weights(model)
    assert not np.array_equal(model.get_weights()[0], before[0])
    for was, now in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(now, round_to_bfloat16(was))
