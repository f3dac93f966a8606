"""Changes to bytes, drawn from a seed: the same seed gives the same bytes."""

import random
import re
import struct
from collections.abc import Callable, Sequence

_MAX_CHANGES = 6
_MAX_LENGTH = 1 << 19  # bytes
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 62, (1 << 64) - 1)
_FORMATS = ("<B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.){0,200}"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[\[\]{},:]')
_JSON = (
    *(b"null", b"true", b"-1", b"0", b"1e999", b"-0.0", b"1" + b"0" * 400, b"NaN", b"Infinity", b"9223372036854775808"),
    *(
        b'""',
        b'"\\ud800"',
        b'"\xff\xfe"',
        b'"' + b"a" * 3000 + b'"',
        b'"b64"',
        b'{"b64": 1}',
        b'{"b64": ""}',
        b"{}",
        b"[]",
    ),
    *(b"[" * 2000, b"[[[]]]", b",", b":", b"}", b"\x00", b'{"a": {"a": {"a": 1}}}', b"[1, 2.5, null]", b"\xef\xbb\xbf"),
)

Mutator = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutate(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The bytes with one to six changes; `others` are of the same kind, to splice with."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, _MAX_CHANGES)):
        rng.choice(_MUTATORS)(rng, changed, others)
    return bytes(changed[:_MAX_LENGTH])


def mutate_tokens(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """As `mutate` for JSON: mostly whole tokens change, so that what is behind the parser is reached."""
    if rng.random() < 0.2:
        return mutate(rng, data, others)
    changed = data
    for _ in range(rng.randint(1, 3)):
        tokens = list(_TOKEN.finditer(changed))
        if not tokens:
            break
        token = rng.choice(tokens)
        new = rng.choice([*_JSON, rng.choice(tokens)[0], b"", token[0] * 2])
        changed = changed[: token.start()] + new + changed[token.end() :]
    return changed[:_MAX_LENGTH]


def _flip_bit(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set_number(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    """Sizes, counts and offsets that are just too large, or negative. Mostly near the start, where headers are."""
    form = rng.choice(_FORMATS)
    size = struct.calcsize(form)
    if len(data) >= size:
        limit = len(data) if rng.random() < 0.4 else min(len(data), 128)
        at = rng.randrange(max(1, limit - size + 1))
        data[at : at + size] = struct.pack(form, rng.choice(_NUMBERS) & ((1 << 8 * size) - 1))


def _set_digits(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    numbers = list(re.finditer(rb"\d+", bytes(data[: 1 << 14])))
    if numbers:
        number = rng.choice(numbers)
        data[number.start() : number.end()] = rng.choice([b"0", b"-1", b"99999999", b"9" * 40, b"00", b"1.5", b""])


def _delete(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randrange(len(data) + 1)
    del data[start : start + rng.choice([1, 2, 4, 16, 256])]


def _repeat(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randrange(len(data) + 1)
    piece = data[start : start + rng.choice([1, 4, 32, 512])]
    data[start:start] = piece * min(rng.choice([1, 2, 50, 1000]), _MAX_LENGTH // max(1, len(piece)))


def _insert(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    start = rng.randrange(len(data) + 1)
    data[start:start] = rng.randbytes(rng.choice([1, 2, 4, 16, 64]))


def _cut(rng: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _splice(rng: random.Random, data: bytearray, others: Sequence[bytes]) -> None:
    other = rng.choice(others)
    data[rng.randrange(len(data) + 1) :] = other[rng.randrange(len(other) + 1) :]


_MUTATORS: tuple[Mutator, ...] = (
    *(_flip_bit, _flip_bit, _set_number, _set_number, _set_number, _set_digits),
    *(_delete, _repeat, _insert, _cut, _splice),
)
