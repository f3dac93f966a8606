"""BYTES tensors to arrays of strings and back."""

import json
import struct
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.codecs import strings

TEXTS = ["ink", "", "pawé"]
ELEMENTS = [text.encode() for text in TEXTS]


def from_json(shape: list[int], data: Any, form: strings.Form = strings.TEXTS) -> NDArray:
    return strings.from_json("x", shape, json.dumps(data).encode(), form)


def make_blob(*elements: bytes) -> memoryview:
    return memoryview(b"".join(struct.pack("<I", len(element)) + element for element in elements))


def test_texts_are_utf8() -> None:
    assert from_json([3], TEXTS).tolist() == ELEMENTS


def test_nested_texts_are_taken_in_order() -> None:
    assert from_json([2, 1, 2], [[["a", "b"]], [["c", "d"]]]).tolist() == [[[b"a", b"b"]], [[b"c", b"d"]]]


@pytest.mark.parametrize("text", ["", '[",]', "a\\", '\\"', "]]", "\u2028"])
def test_text_may_contain_json_syntax(text: str) -> None:
    assert from_json([1, 2], [[text, "b"]]).tolist() == [[text.encode(), b"b"]]


def test_tensor_without_elements_or_dimensions_is_read() -> None:
    assert from_json([2, 0], [[], []]).shape == (2, 0)
    assert from_json([], ["ink"]).tolist() == b"ink"


def test_base64_holds_any_bytes() -> None:
    data = [b64encode(b"\xff\0").decode(), ""]
    assert from_json([2], data, strings.BASE64_TEXTS).tolist() == [b"\xff\0", b""]


def test_binary_elements_are_kept_to_the_last_zero() -> None:
    array = strings.from_bytes("x", [3, 1], make_blob(b"\xff\0\0", b"", b"ink"))
    assert array.tolist() == [[b"\xff\0\0"], [b""], [b"ink"]]
    assert strings.to_bytes(array) == make_blob(b"\xff\0\0", b"", b"ink")


def test_utf8_is_returned_as_text() -> None:
    assert strings.to_json(np.array(ELEMENTS, object)) == {"data": TEXTS}


def test_other_bytes_are_returned_as_base64_with_a_content_type() -> None:
    fields = strings.to_json(np.array([b"ink", b"\xff"], object))
    assert fields == {"parameters": {"content_type": "base64"}, "data": ["aW5r", "/w=="]}


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ([1], None),
        ([1], "ink"),
        ([1], [1]),
        ([1], [None]),
        ([1], [{"a": "b"}]),
        ([2], [["a"], "b"]),
        ([1], ["a", "b"]),
        ([1], [["a", "b", "c"]]),
        ([2], ["a"]),
        ([3, 1], [["a", "b", "c"]]),
        ([1], ["\ud800"]),
        ([1], []),
    ],
)
def test_wrong_json_is_refused_with_the_shape(shape: list[int], data: Any) -> None:
    with pytest.raises(BadRequest, match="is not a list of texts of the shape"):
        from_json(shape, data)


def test_wrong_base64_is_refused() -> None:
    with pytest.raises(BadRequest, match="base64 texts"):
        from_json([1], ["?"], strings.BASE64_TEXTS)


def test_deeply_nested_list_is_refused() -> None:
    with pytest.raises(BadRequest, match="is not a list of texts"):
        strings.from_json("x", [1], b"[" * 100_000 + b'"a"' + b"]" * 100_000)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [([-1], "dimension"), ([1 << 31, 1 << 31], "at most 65536"), ([70_000], "at most 65536"), ([1] * 100_000, "limit")],
    ids=lambda value: str(value)[:20],
)
def test_shape_is_limited_before_memory_is_allocated(shape: list[int], reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        from_json(shape, ["a"])
    with pytest.raises(BadRequest, match=reason):
        strings.from_bytes("x", shape, memoryview(b""))


@pytest.mark.parametrize(
    ("shape", "blob", "reason"),
    [
        ([1], b"\1\0\0", "cut short"),
        ([1], b"\4\0\0\0ink", "cut short"),
        ([1], b"\xff\xff\xff\xffink", "cut short"),
        ([2], make_blob(b"a"), "the 2 elements"),
        ([1], make_blob(*[b""] * 100_000), "the 1 elements"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_bytes_are_refused_with_the_reason(shape: list[int], blob: bytes, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        strings.from_bytes("x", shape, memoryview(blob))
