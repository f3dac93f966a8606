"""Tensors in JSON: they are read as numpy reads them, other data is refused, and memory is limited."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.codecs.json_tensors import from_json, to_json

DATATYPES = {"INT32": np.int32, "UINT8": np.uint8, "FP32": np.float32, "BOOL": np.bool_, "INT64": np.int64}
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def tensors(draw: st.DrawFn) -> tuple[str, NDArray]:
    datatype = draw(st.sampled_from(sorted(DATATYPES)))
    elements = st.floats(-1e6, 1e6, width=32) if datatype == "FP32" else None
    return datatype, draw(hnp.arrays(DATATYPES[datatype], SHAPES, elements=elements))


@given(tensors())
def test_flat_and_nested_lists_are_read_as_written(tensor: tuple[str, NDArray]) -> None:
    datatype, array = tensor
    for data in (array.tolist(), array.ravel().tolist()):
        actual = from_json("x", datatype, array.shape, json.dumps(data).encode())
        assert actual.dtype == array.dtype and actual.shape == array.shape
        np.testing.assert_array_equal(actual, array)


@given(tensors())
def test_written_tensor_is_read_back(tensor: tuple[str, NDArray]) -> None:
    datatype, array = tensor
    text = json.dumps(to_json(array)).encode()
    np.testing.assert_array_equal(from_json("x", datatype, array.shape, text), array)


def test_large_tensor_read_in_pieces_is_complete() -> None:
    array = np.random.default_rng(0).normal(size=(300, 1000))
    np.testing.assert_array_equal(from_json("x", "FP64", array.shape, json.dumps(array.tolist()).encode()), array)


@pytest.mark.parametrize(
    ("datatype", "shape", "text"),
    [
        ("INT8", (2,), "[1]"),
        ("INT8", (2,), "[1,2,3]"),
        ("INT8", (2, 2), "[[1,2,3],[4]]"),
        ("INT8", (1,), "[[1]"),
        ("INT8", (1,), "[128]"),
        ("INT64", (1,), "[9223372036854775808]"),
        ("UINT64", (1,), "[-1]"),
        ("FP16", (1,), "[70000]"),
        ("FP64", (1,), "[1e400]"),
        ("INT8", (1,), "[1.5]"),
        ("INT8", (1,), "[true]"),
        ("BOOL", (1,), "[1]"),
        ("FP32", (1,), '["1"]'),
        ("FP32", (1,), "[null]"),
        ("FP32", (2,), '[{"a":1},2]'),
        ("FP32", (1,), "{}"),
        ("FP32", (1,), "null"),
        ("FP32", (1 << 31, 1 << 31), "[1]"),
        ("FP32", (0, 1 << 31), "[1]"),
        ("FP32", (-1,), "[]"),
        ("FP32", (1 << 70, 0), "[]"),
        ("FP32", (1,) * 33, "[1]"),
    ],
)
def test_data_that_does_not_match_datatype_and_shape_is_refused(
    datatype: str, shape: tuple[int, ...], text: str
) -> None:
    with pytest.raises(BadRequest):
        from_json("x", datatype, shape, text.encode())


def test_strings_of_unequal_length_take_memory_in_proportion_to_their_text() -> None:
    text = json.dumps(["a" * 50_000, *["b"] * 1000]).encode()
    tracemalloc.start()
    with pytest.raises(BadRequest):
        from_json("x", "FP32", (1001,), text)
    assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    tracemalloc.stop()


def test_nan_and_infinity_are_written_as_their_names() -> None:
    array = np.array([1.5, np.nan, np.inf, -np.inf], np.float32)
    assert to_json(array) == [1.5, "NaN", "Infinity", "-Infinity"]
