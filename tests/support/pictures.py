"""Small image files, valid and hostile."""

import io
import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def make_png(*first_pixels: int) -> bytes:
    """A black PNG of 28 x 28 whose first row starts with these values. The models of `support.models` react to them."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[0, : len(first_pixels)] = first_pixels
    return encode_png(pixels)


@cache
def make_digit_png() -> bytes:
    """A digit 1, black on white."""
    pixels = np.full((120, 100), 255, np.uint8)
    pixels[20:100, 45:55] = 0
    return encode_png(pixels)


@cache
def make_bomb(side: int = 50_000) -> bytes:
    """A valid PNG of a few hundred kilobytes that decodes to `side` x `side` pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    block, blocks = row * 100, side // 100
    data = b"".join([*(packer.compress(block) for _ in range(blocks)), packer.flush()])
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _make_chunk(b"IHDR", header) + _make_chunk(b"IDAT", data) + _make_chunk(b"IEND", b"")


def _make_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
