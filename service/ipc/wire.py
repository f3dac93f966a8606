"""The frames between a worker and an engine: calls one way, replies the other, over a Unix stream socket.

A frame is `<III`: the call's number, the lengths of head and body; then the head, a msgpack structure; then the body,
the tensors' bytes one after another in C order. A connection carries many calls at once; a reply has its call's number.
"""

import math
import struct
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.catalog import Catalog

PREFIX = struct.Struct("<III")
MAX_FRAME = 1 << 30  # bytes

Bytes = bytes | memoryview


class TensorHead(msgspec.Struct, array_like=True, frozen=True):
    """`dtype` in numpy's notation, `|u1` for uint8."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return np.dtype(self.dtype).itemsize * math.prod(self.shape)


class RunCall(msgspec.Struct, tag="run", array_like=True, frozen=True):
    """Run a version of a model; the deadline is on the machine's monotonic clock, in seconds."""

    model: str
    version: int
    deadline: float
    tensors: tuple[TensorHead, ...]


class CatalogCall(msgspec.Struct, tag="catalog", array_like=True, frozen=True):
    """Ask which versions there are."""


class StatusCall(msgspec.Struct, tag="status", array_like=True, frozen=True):
    """Ask whether the engine makes progress."""


class CancelCall(msgspec.Struct, tag="cancel", array_like=True, frozen=True):
    """No client waits any more for the reply to the call of this frame's number. It has no reply."""


class RunReply(msgspec.Struct, tag="ran", array_like=True, frozen=True):
    """Outputs; `generation` is the catalog's, so that a worker notices a change with its next reply."""

    generation: int
    tensors: tuple[TensorHead, ...]


class CatalogReply(msgspec.Struct, tag="catalog", array_like=True, frozen=True):
    catalog: Catalog


class StatusReply(msgspec.Struct, tag="status", array_like=True, frozen=True):
    """`busy_seconds`: how long the batch that runs now has been running."""

    busy_seconds: float


class ErrorReply(msgspec.Struct, tag="error", array_like=True, frozen=True):
    generation: int
    code: str
    message: str


Call = RunCall | CatalogCall | StatusCall | CancelCall
Reply = RunReply | CatalogReply | StatusReply | ErrorReply

_encode = msgspec.msgpack.Encoder().encode
decode_call = msgspec.msgpack.Decoder(Call).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode


def make_heads(arrays: Mapping[str, NDArray]) -> tuple[TensorHead, ...]:
    return tuple(TensorHead(name, array.dtype.str, array.shape) for name, array in arrays.items())


def make_frame(number: int, head: Call | Reply, arrays: Sequence[NDArray] = ()) -> list[Bytes]:
    """The frame's parts, ready for one `sendmsg`; the arrays are not copied."""
    encoded = _encode(head)
    body = [np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays if array.size]
    return [PREFIX.pack(number, len(encoded), sum(map(len, body))) + encoded, *body]


def read_tensors(heads: Sequence[TensorHead], body: Bytes) -> dict[str, NDArray]:
    """Read-only views into the body. Raises ValueError if the lengths do not agree."""
    arrays, start = {}, 0
    for head in heads:
        arrays[head.name] = np.frombuffer(body, head.dtype, math.prod(head.shape), start).reshape(head.shape)
        start += head.nbytes
    if start != len(body):
        raise ValueError(f"The frame's body has {len(body)} bytes, its tensors {start}.")
    return arrays
