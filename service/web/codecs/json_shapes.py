"""The shape of a tensor in JSON, by the brackets and commas of its text: nothing is made of the elements."""

import re
from collections.abc import Sequence

from service.errors import BadRequest
from service.web.body import give_turn
from service.web.codecs.strings import MAX_ELEMENTS, MAX_QUOTES, count_quotes
from service.web.codecs.tensors import MAX_DIMENSIONS

_NOT_STRUCTURE = bytes(set(range(256)) - set(b"[],"))
_OBJECT = re.compile(rb"\{\s*0\s*:\s*0\s*\}")
_EMPTY = re.compile(rb"[\s\[]*\]")


def infer_shape(name: str, data: bytes) -> tuple[int, ...]:
    """The shape of nested lists, () of a single value. Of ragged ones `check_structure` refuses what this does not.

    `data` has passed a JSON parser, and `hide_texts` where it may hold texts. Raises BadRequest.
    """
    give_turn(len(data))
    structure = data.translate(None, _NOT_STRUCTURE)
    depth = len(structure) - len(structure.lstrip(b"["))
    if depth > MAX_DIMENSIONS:
        raise BadRequest(f"Input '{name}' has {depth} dimensions; the limit is {MAX_DIMENSIONS}.")
    sizes: list[int] = []
    length = 0  # of one list of the level before
    for level in range(1, depth + 1):
        start, end = depth - level, structure.find(b"]" * level) + level
        size, rest = divmod(end - start - 1, length + 1)
        if end < level or rest:
            raise BadRequest(f"Input '{name}' has lists of different lengths.")
        sizes.append(size)
        length = end - start
    if length != len(structure):
        raise BadRequest(f"Input '{name}' has lists of different lengths.")
    if sizes[:1] == [1] and _EMPTY.match(data):  # `[]` and `[1]` have one structure
        sizes[0] = 0
    return tuple(reversed(sizes))


def hide_texts(name: str, data: bytes) -> bytes:
    """The JSON with a 0 for each text and for each object of one text, so that only structure is left.

    Raises BadRequest.
    """
    if count_quotes(data) > MAX_QUOTES * MAX_ELEMENTS:
        raise BadRequest(f"Input '{name}' has more than {MAX_ELEMENTS} elements, the limit for strings.")
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    give_turn(len(data))
    return _OBJECT.sub(b"0", b"0".join(data.split(b'"')[::2]))


def check_structure(data: bytes, shape: Sequence[int], count: int) -> None:
    """Raises ValueError unless brackets and commas are those of a flat list, or of lists nested as the shape.

    Lengths are compared first: what a shape would need is not made where the data are not as long.
    """
    structure = data.translate(None, _NOT_STRUCTURE)
    if len(structure) == max(2, count + 1) and structure == b"[" + b"," * (count - 1) + b"]":
        return
    if len(structure) != _count_structure(shape) or structure != _nest(shape):
        raise ValueError("its data are of another kind, or not the elements of that shape")


def _count_structure(shape: Sequence[int]) -> int:
    """Brackets and commas of lists nested as the shape."""
    length = 0
    for size in reversed(shape):
        length = size * (length + 1) + 1 if size else 2
    return length


def _nest(shape: Sequence[int]) -> bytes:
    structure = b""
    for size in reversed(shape):
        structure = b"[" + ((structure + b",") * size)[:-1] + b"]"
    return structure
