"""A picture that would take long to decode is refused from its headers: each format has its own ways to be slow."""

import struct
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from service.errors import BadImage, ImageTooLarge
from service.images import decode, estimate_cost
from tests.support import hostile_images as hostile
from tests.support.hostile_images import make_png_chunk, save

PROFILE = make_png_chunk(b"iCCP", b"a\0\0" + hostile.pack())
TEXT = make_png_chunk(b"iTXt", b"a\0\1\0\0\0" + hostile.pack())
AVIF = save(Image.new("RGB", (64, 64)), "AVIF")
WIDE_AVIF = AVIF.replace(struct.pack(">II", 64, 64), struct.pack(">II", 8000, 8000), 1)
JP2 = save(Image.new("L", (16, 16)), "JPEG2000")

STRUCTURES = {
    "PNG profiles": (lambda: hostile.make_png(before=PROFILE * 100), "64 packed"),
    "PNG texts": (lambda: hostile.make_png(before=TEXT * 100), "64 packed"),
    "PNG texts after the pixels": (lambda: hostile.make_png(after=TEXT * 100), "64 packed"),
    "PNG empty chunks": (lambda: hostile.make_png(before=make_png_chunk(b"prVt", b"") * 20_000), "too many chunks"),
    "PNG empty pixels": (lambda: hostile.make_png(after=make_png_chunk(b"IDAT", b"") * 20_000), "too many chunks"),
    "PNG two headers": (
        lambda: hostile.make_png(make_png_chunk(b"IHDR", struct.pack(">IIBBBBB", 7000, 7000, 1, 0, 0, 0, 0))),
        "more than one header",
    ),
    "JPEG scans": (lambda: hostile.make_jpeg_of_scans(200), "100 scans"),
    "JPEG segments": (lambda: hostile.make_jpeg(b"\xff\xe5\0\2" * 2000), "too many segments"),
    "JPEG filling": (lambda: hostile.make_jpeg(b"\xff" * 100_000), "too many segments"),
    "JPEG junk": (lambda: hostile.make_jpeg(b"\xff\xe5\0\2" + b"a" * 100_000), "too many segments"),
    "JPEG Exif": (lambda: hostile.make_jpeg(b"\xff\xe1\0\x08Exif\0\0" * 200), "metadata"),
    "JPEG Photoshop": (lambda: hostile.make_jpeg(b"\xff\xed\0\2" * 200), "metadata"),
    "JPEG comments after a scan": (
        lambda: (lambda data: data[:-2] + b"\xff\xfe\0\2" * 20_000 + data[-2:])(hostile.make_jpeg_of_scans(50)),
        "too many segments",
    ),
    "TIFF strips": (lambda: hostile.make_tiff_of_strips(100_000), "100000 strips"),
    "TIFF tags": (lambda: hostile.make_tiff(dict.fromkeys(range(2000), (4, 1, 0))), "2000 tags"),
    "TIFF values": (lambda: hostile.make_tiff({256: (4, 1, 1), 258: (3, 1_000_000, 8)}), "1000000 values"),
    "JPEG2000 tiles": (lambda: hostile.make_jpeg2000(1000, 1), "1,000,000 tiles"),
    "JPEG2000 precincts": (lambda: hostile.make_jpeg2000(3000, 3000, precincts=b"\0"), "code blocks"),
    "JPEG2000 precincts of a level": (
        lambda: hostile.make_jpeg2000(3000, 3000, 1, 6, precincts=b"\xff\x11"),
        "code blocks",
    ),
    "JPEG2000 code blocks": (lambda: hostile.make_jpeg2000(7000, 7000, block=2), "code blocks"),
    "JPEG2000 code blocks of a tile": (
        lambda: hostile.make_jpeg2000(7000, 7000, block=2, style_in_tile=True),
        "code blocks",
    ),
    "JPEG2000 layers": (lambda: hostile.make_jpeg2000(1000, 1000, precincts=b"\x44", layers=60_000), "packets"),
    "JPEG2000 boxes": (lambda: JP2[:12] + b"\0\0\0\x08free" * 1000 + JP2[12:], "boxes"),
    "JPEG2000 header box": (lambda: JP2.replace(b"\0\0\0-jp2h", b"\0\x40\0\0jp2h", 1) + bytes(1 << 22), "too long"),
    "GIF comments": (lambda: hostile.make_gif(b"!\xfe" + b"\1a" * 100_000 + b"\0"), "65536 blocks"),
    "GIF extensions": (lambda: hostile.make_gif(b"!\xf9\4\0\0\0\0\0" * 50_000), "65536 blocks"),
    "GIF junk": (lambda: hostile.make_gif(b"\1" * 100_000), "65536 blocks"),
    "PPM comments": (lambda: b"P2 99 99 255\n" + b"#\n" * 2000, "1000 comments"),
    "PPM comment in the header": (lambda: b"P5\n#" + b"a" * 100_000 + b"\n16 16 255\n" + bytes(256), "header"),
    "PPM number with a comment inside": (lambda: b"P5 7#\n000 7000 254\n" + bytes(99), "header"),
    "HEIF boxes": (lambda: hostile.make_heif((64, 64), {}) + b"\0\0\0\x08free" * 5000, "4096 boxes"),
    "HEIF parts of parts": (lambda: hostile.make_heif((64, 64), {n: [n + 1] for n in range(1, 9)}), "4 levels"),
    "HEIF of itself": (lambda: hostile.make_heif((64, 64), {1: [2], 2: [1]}), "4 levels"),
    "HEIF owners": (lambda: hostile.make_heif((64, 64), {1: list(range(2, 20_000))}), "65536 bytes whose"),
    "HEIF references": (lambda: hostile.make_heif((64, 64), {n: [2] * 60_000 for n in range(1, 20)}), "of references"),
    "HEIF counts that lie": (
        lambda: hostile.make_heif((64, 64), {1: [2]}).replace(b"dimg\0\1\0\1", b"dimg\0\1\xff\xff") + bytes(1 << 18),
        "cut short or damaged",
    ),
    "HEIF overlay": (lambda: hostile.make_heif((64, 64), {}).replace(b"iref", b"iovl"), "over each other"),
    "ICO pictures": (lambda: hostile.make_icon(1000, hostile.make_png()), "1000 pictures"),
    "ICO profiles": (lambda: hostile.make_icon(1, hostile.make_png(before=PROFILE * 100)), "64 packed"),
}  # fmt: skip

WORK = {
    "JPEG scans of a large picture": lambda: hostile.make_jpeg_of_scans(80, 4000),
    "BMP of runs": lambda: hostile.make_bmp(6500, 1, b"\1\1\0\0" * 6500),
    "BMP of runs in many bytes": lambda: hostile.make_bmp(3000, 1, b"\1\1" * 6_000_000),
    "PPM of text": lambda: b"P3 2000 2000 255\n" + b"1 " * 12_000_000,
    "PPM of an unusual range": lambda: b"P6 1600 1600 254\n" + bytes(3 * 1600 * 1600),
    "JPEG2000 of many bytes": lambda: hostile.make_jpeg2000(3000, 3000) + bytes(25_000_000),
    "HEIF of many parts": lambda: hostile.make_heif((1600, 1600), {1: [2] * 60_000}),
    "HEIF of large parts": lambda: hostile.make_heif((64, 64), {1: [2] * 100}, part_size=(7000, 7000)),
    "HEIF of parts of parts": lambda: hostile.make_heif((64, 64), {1: [2] * 300, 2: [3] * 300}),
    "ICO of runs": lambda: hostile.make_icon(1, hostile.make_bmp(1900, 1, b"\1\1" * 6_000_000)[14:]),
}

SIZES = {
    "WEBP": lambda: b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + (9999).to_bytes(3, "little") * 2,
    "AVIF": lambda: WIDE_AVIF,
    "HEIF": lambda: hostile.make_heif((8000, 8000), {}),
    "ICO": lambda: hostile.make_icon(1, hostile.make_bmp(3000, 0, b"")[14:]),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure_that_costs_more_than_its_pixels_is_refused(name: str) -> None:
    make, reason = STRUCTURES[name]
    with pytest.raises(BadImage, match=reason):
        decode(make())


@pytest.mark.parametrize("name", WORK)
def test_too_much_work_is_refused_though_the_pixels_are_few_enough(name: str) -> None:
    with pytest.raises(ImageTooLarge, match="takes too long to decode"):
        decode(WORK[name]())


@pytest.mark.parametrize("name", SIZES)
def test_size_is_refused_before_the_file_is_opened(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Any:
        raise AssertionError("it was opened")

    data = SIZES[name]()
    monkeypatch.setitem(Image.OPEN, name, (fail, Image.OPEN[name][1] if name in Image.OPEN else None))
    with pytest.raises(ImageTooLarge, match="pixels"):
        decode(data)


@pytest.mark.parametrize("name", [*STRUCTURES, *WORK, *SIZES])
def test_refusal_costs_next_to_nothing(name: str) -> None:
    data = {**{key: make for key, (make, _) in STRUCTURES.items()}, **WORK, **SIZES}[name]()
    began = time.thread_time()
    with pytest.raises((BadImage, ImageTooLarge)):
        decode(data)
    assert time.thread_time() - began < 0.1


def test_what_follows_a_jpeg_is_not_counted_as_its_scans() -> None:
    """Cameras append further pictures and films."""
    picture = save(Image.new("RGB", (64, 64)), "JPEG")
    assert decode(picture + picture * 300).size == (64, 64)


def test_scans_are_not_hidden_in_segments_that_the_decoder_does_not_skip() -> None:
    data = hostile.make_jpeg_of_scans(200)
    start = data.rindex(b"\xff\xda") - 1000
    start = data.index(b"\xff\xda", start)
    hidden = data[:start] + b"\xff\x02\xff\xff" + data[start:]
    with pytest.raises(BadImage, match="100 scans"):
        decode(hidden)


def test_float_pictures_of_any_size_are_scaled_in_little_memory() -> None:
    values = np.linspace(-5, 900, 1_000_000, dtype=np.float32).reshape(1000, 1000)
    values[3, 4] = np.nan
    expected = np.nan_to_num(values.astype(np.float64), nan=0.0)
    low, high = expected.min(), expected.max()
    expected = np.clip(np.rint((expected - low) * (255.0 / (high - low))), 0, 255).astype(np.uint8)
    assert np.array_equal(np.asarray(decode(save(Image.fromarray(values), "TIFF"))), expected)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {"pnginfo": None}),
        ("JPEG", {"progressive": True, "quality": 80}),
        ("JPEG", {"restart_marker_rows": 1, "icc_profile": bytes(300_000)}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("TIFF", {"big_tiff": True}),
        ("JPEG2000", {"tile_size": (128, 128), "num_resolutions": 3}),
        ("JPEG2000", {"codeblock_size": (16, 16), "precinct_size": (128, 128), "progression": "RPCL"}),
        ("JPEG2000", {"quality_layers": [40, 20, 10]}),
        ("WEBP", {"lossless": True}),
        ("AVIF", {"quality": 90, "speed": 10}),
    ],
)
def test_usual_large_pictures_are_far_from_the_bounds(kind: str, options: dict[str, Any]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (750, 1000, 3), np.uint8)
    assert decode(save(Image.fromarray(noise), kind, **options)).size == (1000, 750)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF"])
def test_estimate_knows_the_pixels_of_a_header(kind: str) -> None:
    assert estimate_cost(save(Image.new("RGB", (300, 200)), kind)).pixels == 60_000


def test_estimate_is_quick_for_small_pictures_only() -> None:
    assert estimate_cost(save(Image.new("L", (280, 280)), "PNG")).is_quick
    assert estimate_cost(save(Image.new("L", (280, 280)), "JPEG")).is_quick
    assert not estimate_cost(save(Image.new("1", (7000, 7000)), "PNG")).is_quick
    assert not estimate_cost(hostile.make_jpeg_of_scans(90, 280)).is_quick
    assert not estimate_cost(save(Image.new("L", (28, 28)), "AVIF")).is_quick
