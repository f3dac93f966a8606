"""The shape of a JSON tensor is known before anything is made of it."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from service.errors import BadRequest
from service.web.codecs.json_shapes import check_structure, hide_texts, infer_shape


@given(array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=4), st.sampled_from([None, 2]))
def test_shape_is_that_of_nested_lists(shape: tuple[int, ...], indent: int | None) -> None:
    text = json.dumps(np.ones(shape, int).tolist(), indent=indent).encode()
    assert infer_shape("x", text) == shape


@given(array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3))
def test_structure_is_that_of_the_shape(shape: tuple[int, ...]) -> None:
    data = json.dumps(np.ones(shape, int).tolist()).encode()
    if 0 not in shape[:-1]:
        check_structure(data, shape, math.prod(shape))
    with pytest.raises(ValueError, match="not the elements of that shape"):
        check_structure(b"[" + data + b",1]", shape, math.prod(shape))


@pytest.mark.parametrize(("data", "shape"), [([], (0,)), ([[], []], (2, 0)), ([[[]]], (1, 1, 0)), ([[1]], (1, 1))])
def test_empty_lists_have_a_dimension_of_zero(data: Any, shape: tuple[int, ...]) -> None:
    assert infer_shape("x", json.dumps(data).encode()) == shape


@pytest.mark.parametrize(
    "data", [[[1], [2, 3]], [[1, 2], [3]], [1, [2]], [[1], 2], [[[1]], [2]], [[[1], [2]], [[3]]], [[], [1, 2]]]
)
def test_ragged_lists_are_refused(data: Any) -> None:
    with pytest.raises(BadRequest, match="lists of different lengths"):
        infer_shape("x", json.dumps(data).encode())


def test_number_of_dimensions_is_limited() -> None:
    with pytest.raises(BadRequest, match="100000 dimensions"):
        infer_shape("x", b"[" * 100_000 + b"]" * 100_000)


@given(st.lists(st.text(st.sampled_from('[],{}"\\:0é')), min_size=1, max_size=4))
def test_texts_and_objects_do_not_count(texts: list[str]) -> None:
    for elements in (texts, [{"b64": text} for text in texts]):
        data = json.dumps([elements], ensure_ascii=False).encode()
        assert infer_shape("x", hide_texts("x", data)) == (1, len(texts))


def test_number_of_texts_is_limited() -> None:
    with pytest.raises(BadRequest, match="more than 65536 elements"):
        hide_texts("x", b"[" + b'"",' * 200_000 + b'""]')
