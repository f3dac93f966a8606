"""Narrow floats are written with the fewest digits that bring them back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.codecs.float_text import shorten


@given(st.lists(st.floats(width=32), max_size=20))
def test_floats_are_the_same_in_32_bits(values: list[float]) -> None:
    array = np.array(values, np.float32)
    assert np.array_equal(shorten(array).astype(np.float32), array, equal_nan=True)


@given(st.decimals(-1000, 1000, places=4))
def test_few_digits_stay_few(value: object) -> None:
    number = float(str(value))
    assert repr(shorten(np.array([number], np.float32)).tolist()[0]) == repr(number)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_special_values_and_shapes_are_kept(dtype: type) -> None:
    short = shorten(np.array([[0.0, -0.0, np.nan], [np.inf, -np.inf, 0.5]], dtype))
    assert short.shape == (2, 3)
    assert repr(short.ravel().tolist()) == "[0.0, -0.0, nan, inf, -inf, 0.5]"
    assert shorten(np.array(0.1, np.float32)).tolist() == 0.1
    assert shorten(np.empty((0, 2), dtype)).shape == (0, 2)


def test_largest_and_smallest_are_as_they_are() -> None:
    extreme = np.array([np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal], np.float32)
    assert all(map(math.isfinite, shorten(extreme).tolist()))
    assert shorten(extreme).tolist() == extreme.astype(np.float64).tolist()
