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
    result = round_to_bfloat16(kernel)
    normal = np.abs(kernel) > np.finfo(np.float32).tiny
    assert np.all(np.abs(result - kernel)[normal] <= np.abs(kernel)[normal] / 256)
    assert np.array_equal(round_to_bfloat16(result), result)


@given(NUMBERS)
def test_rounding_is_that_of_tensorflow_except_for_ties(number: float) -> None:
    result = round_to_bfloat16(np.full((2, 2), number, np.float32))[0, 0]
    rounded = float(tf.cast(tf.cast(number, tf.bfloat16), tf.float32))
    assert result == rounded or abs(result - np.float32(number)) == abs(rounded - np.float32(number))


def test_vectors_are_not_rounded() -> None:
    vector = np.array([1 / 3, 1e-9], np.float32)
    assert np.array_equal(round_to_bfloat16(vector), vector)


def test_rounded_model_has_only_bfloat16_kernels() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, kernel_initializer="he_normal")])
    before = model.get_weights()
    round_weights(model)
    assert not np.array_equal(model.get_weights()[0], before[0])
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(new, round_to_bfloat16(old))
