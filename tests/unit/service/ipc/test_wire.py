"""Calls and replies are decoded as they were encoded, and wrong lengths are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from service.catalog import Catalog, Model, Signature, TensorSpec, Version
from service.ipc import wire
from service.ipc.frames import FrameReader
from service.manifest import ImageInput, Manifest

NUMBER = 0xFEDCBA98

dtypes = st.sampled_from(["|u1", "<i4", "<i8", "<f4", "<f8", "|b1", "<f2", "|i1"])
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
arrays = st.dictionaries(st.text(max_size=8), hnp.arrays(dtypes, shapes), max_size=4)


def read_frame(parts: list[wire.Bytes]) -> tuple[bytes, bytes]:
    """The head and the body of one frame."""
    ((number, head, body),) = FrameReader().feed(b"".join(parts))
    assert number == NUMBER
    return bytes(head), bytes(body)


@given(arrays, st.text(), st.integers(0, 1 << 40), st.floats(0, 1e9))
def test_run_call_is_decoded_as_it_was_encoded(
    sent: dict[str, NDArray], model: str, version: int, deadline: float
) -> None:
    head, body = read_frame(
        wire.make_frame(NUMBER, wire.RunCall(model, version, deadline, wire.make_heads(sent)), list(sent.values()))
    )
    call = wire.decode_call(head)
    assert isinstance(call, wire.RunCall)
    assert (call.model, call.version, call.deadline) == (model, version, deadline)
    received = wire.read_tensors(call.tensors, body)
    assert list(received) == list(sent)
    for name, array in sent.items():
        assert (received[name].dtype, received[name].shape) == (array.dtype, array.shape)
        assert received[name].tobytes() == array.tobytes()


def test_an_array_that_is_not_contiguous_keeps_its_order() -> None:
    strided = np.arange(24, dtype=np.int32).reshape(4, 6).T[::2]
    _, body = read_frame(wire.make_frame(NUMBER, wire.RunReply(1, wire.make_heads({"a": strided})), [strided]))
    assert (wire.read_tensors(wire.make_heads({"a": strided}), body)["a"] == strided).all()


@given(arrays.filter(lambda tensors: any(array.size for array in tensors.values())), st.integers(-3, 3).filter(bool))
def test_body_of_another_length_than_the_heads_say_is_refused(sent: dict[str, NDArray], difference: int) -> None:
    _, body = read_frame(wire.make_frame(NUMBER, wire.RunReply(1, wire.make_heads(sent)), list(sent.values())))
    wrong = body + bytes(difference) if difference > 0 else body[:difference]
    if len(wrong) == len(body):
        return
    with pytest.raises(ValueError):
        wire.read_tensors(wire.make_heads(sent), wrong)


def test_every_call_and_reply_is_decoded_as_its_type() -> None:
    image = ImageInput(28, 28, 1, "digit")
    version = Version(3, "AVAILABLE", "", Manifest("net", "classifier", ("a", "b"), image))
    spec = TensorSpec("images", "uint8", (-1, 28, 28, 1))
    signature = Signature((spec,), (TensorSpec("texts", "string", None),), batched=False)
    full = Version(4, "END", "it broke", None, {"explain": signature}, "explain")
    catalog = Catalog(7, {"net": Model("net", {3: version, 4: full}, {"stable": 3})})
    for call in (wire.RunCall("net", 1, 2.5, ()), wire.CatalogCall(), wire.StatusCall(), wire.CancelCall()):
        assert wire.decode_call(read_frame(wire.make_frame(NUMBER, call))[0]) == call
    for reply in (
        wire.RunReply(1, ()),
        wire.CatalogReply(catalog),
        wire.StatusReply(1.5),
        wire.ErrorReply(2, "overloaded", "full"),
    ):
        assert wire.decode_reply(read_frame(wire.make_frame(NUMBER, reply))[0]) == reply
