"""The frames between a worker and an engine: calls one way, replies the other, over a Unix stream socket.

A frame is `<III`: the call's number, the lengths of head and body; then the head, a msgpack structure; then the body,
the tensors' bytes one after another in C order. A tensor of strings is the length of each, uint32, and then their
bytes. A connection carries many calls at once; a reply has its call's number.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.catalog import Catalog

PREFIX = struct.Struct("<III")
MAX_FRAME = 1 << 30  # bytes
_SMALL = 1 << 12  # bytes; to copy as many is quicker than to send one part more
STRINGS = "|O"  # the dtype of a tensor whose elements are `bytes`

Bytes = bytes | memoryview


class TensorHead(msgspec.Struct, array_like=True, frozen=True):
    """`dtype` in numpy's notation: `|u1` for uint8, `|O` for strings, whose lengths only the body tells."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class RunCall(msgspec.Struct, tag="run", array_like=True, frozen=True):
    """Run a version of a model; the deadline is on the machine's monotonic clock, in seconds.

    An empty `signature` is the version's default one. With `timed` the reply has its times.
    """

    model: str
    version: int
    deadline: float
    tensors: tuple[TensorHead, ...]
    signature: str = ""
    timed: bool = False


class CatalogCall(msgspec.Struct, tag="catalog", array_like=True, frozen=True):
    """Ask which versions there are."""


class StatusCall(msgspec.Struct, tag="status", array_like=True, frozen=True):
    """Ask whether the engine makes progress."""


class CancelCall(msgspec.Struct, tag="cancel", array_like=True, frozen=True):
    """No client waits any more for the reply to the call of this frame's number. It has no reply."""


class RunReply(msgspec.Struct, tag="ran", array_like=True, frozen=True):
    """Outputs; `generation` is the catalog's, so that a worker notices a change with its next reply.

    `times`, if asked for, are on the machine's monotonic clock: when the rows arrived, when their first batch started,
    and when the last one ended.
    """

    generation: int
    tensors: tuple[TensorHead, ...]
    times: tuple[float, float, float] | None = None


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
    """The frame's parts, ready for one `sendmsg`; large arrays of numbers are not copied.

    Raises ValueError for a frame over MAX_FRAME bytes, which the other end would refuse with the whole connection.
    """
    encoded = _encode(head)
    body: list[Bytes] = []
    for array in arrays:
        if array.dtype.hasobject:
            body += _encode_strings(array)
        elif array.nbytes <= _SMALL:
            body.append(array.tobytes())
        else:
            body.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    size = sum(map(len, body))
    if PREFIX.size + len(encoded) + size > MAX_FRAME:
        raise ValueError(f"Tensors of {size} bytes are over the limit of {MAX_FRAME}.")
    start = PREFIX.pack(number, len(encoded), size) + encoded
    return [b"".join([start, *body])] if size <= _SMALL else [start, *body]


def read_tensors(heads: Sequence[TensorHead], body: Bytes) -> dict[str, NDArray]:
    """Read-only views into the body, and arrays of strings. Raises ValueError if the lengths do not agree."""
    arrays: dict[str, NDArray] = {}
    start = 0
    for head in heads:
        if head.dtype == STRINGS:
            arrays[head.name], start = _read_strings(head, body, start)
            continue
        array = np.frombuffer(body, head.dtype, math.prod(head.shape), start).reshape(head.shape)
        arrays[head.name] = array
        start += array.nbytes
    if start != len(body):
        raise ValueError(f"The frame's body has {len(body)} bytes, its tensors {start}.")
    return arrays


def _encode_strings(array: NDArray) -> list[Bytes]:
    """The lengths of the elements, and the elements. Raises TypeError if one is not `bytes`."""
    elements = array.ravel().tolist()
    joined = b"".join(elements)
    return [np.fromiter(map(len, elements), "<u4", len(elements)).tobytes(), joined] if elements else []


def _read_strings(head: TensorHead, body: Bytes, start: int) -> tuple[NDArray, int]:
    """The array of strings at `start`, and its end. Every length is checked before anything is made of that size."""
    count, left = math.prod(head.shape), len(body) - start
    if min(head.shape, default=0) < 0 or 4 * count > left:
        raise ValueError(f"The frame's body has no room for {list(head.shape)} strings.")
    ends = np.frombuffer(body, "<u4", count, start).cumsum(dtype=np.int64)
    first = start + 4 * count
    if count and ends[-1] > len(body) - first:
        raise ValueError("The frame's body ends within a string.")
    bounds = [first, *(ends + first).tolist()]
    elements = (bytes(body[begin:end]) for begin, end in pairwise(bounds))
    return np.fromiter(elements, object, count).reshape(head.shape), bounds[-1]
