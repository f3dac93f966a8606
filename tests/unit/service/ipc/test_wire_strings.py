"""Tensors of strings in a frame: any bytes are decoded unchanged, and wrong lengths are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.ipc import wire
from service.ipc.frames import FrameReader

texts = st.lists(st.binary(max_size=20), max_size=6)


def make_array(elements: list[bytes]) -> NDArray:
    return np.fromiter(elements, object, len(elements))


def make_body(arrays: dict[str, NDArray]) -> bytes:
    parts = wire.make_frame(1, wire.RunReply(1, wire.make_heads(arrays)), list(arrays.values()))
    ((_, _, body),) = FrameReader().feed(b"".join(parts))
    return bytes(body)


@given(texts, texts, st.binary(max_size=8))
def test_strings_are_decoded_as_they_were_encoded(first: list[bytes], second: list[bytes], numbers: bytes) -> None:
    sent = {"a": make_array(first), "n": np.frombuffer(numbers, np.uint8), "b": make_array(second)}
    got = wire.read_tensors(wire.make_heads(sent), make_body(sent))
    assert {name: array.tolist() for name, array in got.items()} == {n: a.tolist() for n, a in sent.items()}
    assert got["a"].dtype == object


@pytest.mark.parametrize("shape", [(), (2, 3), (3, 1, 2), (0, 4)])
def test_shape_is_kept(shape: tuple[int, ...]) -> None:
    sent = {"a": np.full(shape, b"\0ink\0", object)}
    got = wire.read_tensors(wire.make_heads(sent), make_body(sent))["a"]
    assert (got.shape, got.tolist()) == (shape, sent["a"].tolist())


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ((1,), b""),
        ((1,), b"\1\0\0"),
        ((1,), b"\4\0\0\0ink"),
        ((1,), b"\2\0\0\0ink"),
        ((2,), b"\xff\xff\xff\xff\xff\xff\xff\xffink"),
        ((1 << 40,), b"\3\0\0\0ink"),
        ((1 << 40, 1 << 40), b"\3\0\0\0ink"),
        ((-1,), b"\3\0\0\0ink"),
        ((-1, -1), b"\3\0\0\0ink"),
    ],
    ids=str,
)
def test_wrong_lengths_are_refused(shape: tuple[int, ...], body: bytes) -> None:
    with pytest.raises(ValueError):
        wire.read_tensors([wire.TensorHead("a", wire.STRINGS, shape)], body)


@pytest.mark.parametrize("dtype", ["O", "object", "O8"])
def test_no_pointer_is_read_from_a_frame(dtype: str) -> None:
    with pytest.raises(ValueError):
        wire.read_tensors([wire.TensorHead("a", dtype, (1,))], bytes(8))


def test_only_bytes_are_strings() -> None:
    with pytest.raises(TypeError):
        make_body({"a": np.array(["text"], object)})


def test_frame_over_the_limit_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_FRAME", 100)
    with pytest.raises(ValueError, match="limit of 100"):
        make_body({"a": make_array([bytes(100)])})
