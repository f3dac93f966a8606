"""Small pictures as files, good and bad."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def told(*first: int) -> bytes:
    """A black 28x28 whose first row begins with these values: what the models of `support.models` act upon."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[0, : len(first)] = first
    return png(pixels)


@cache
def digit() -> bytes:
    """A one, as one would draw it."""
    pixels = np.full((120, 100), 255, np.uint8)
    pixels[20:100, 45:55] = 0
    return png(pixels)


@cache
def bomb(side: int = 50_000) -> bytes:
    """A whole and correct PNG of some hundred kilobytes that unpacks to `side` times `side` pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    block, times = row * 100, side // 100
    data = b"".join([*(packer.compress(block) for _ in range(times)), packer.flush()])
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
