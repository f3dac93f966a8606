"""Decoding of uploaded bytes: valid images come out upright in a plain mode, all others are refused."""

import resource
import struct
import threading
import time
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from service.errors import BadImage, ImageTooLarge, InkpawError
from service.images import TREATMENTS, ImageInput, decode, prepare

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
LOSSLESS = ["PNG", "GIF", "BMP", "TIFF", "PPM", "ICO"]
LOSSY = ["JPEG", "WEBP", "JPEG2000", "AVIF"]


def make_scene(width: int = 40, height: int = 24) -> Image.Image:
    """An image whose sides and corners all differ."""
    x, y = np.meshgrid(np.linspace(0, 250, width), np.linspace(0, 250, height))
    return Image.fromarray(np.stack([x, y, 250 - x], axis=-1).astype(np.uint8))


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def make_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def make_truncated_png(width: int, height: int) -> bytes:
    """A PNG whose header gives this size, in 8-bit grey, but which holds only the first rows."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return PNG_MAGIC + make_chunk(b"IHDR", header) + make_chunk(b"IDAT", pixels) + make_chunk(b"IEND", b"")


def wrap_in_icon(png: bytes) -> bytes:
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 22) + png


@pytest.mark.parametrize("kind", LOSSLESS + LOSSY)
def test_every_accepted_format_is_decoded(kind: str) -> None:
    size = (32, 32) if kind == "ICO" else (40, 24)
    source = make_scene(*size).convert("P") if kind == "GIF" else make_scene(*size)
    decoded = decode(encode(source, kind)).convert("RGB")
    assert decoded.size == size
    difference = np.abs(np.asarray(decoded).astype(int) - np.asarray(source.convert("RGB")))
    assert difference.mean() <= (0 if kind in LOSSLESS else 12)


@pytest.mark.parametrize("kind", ["EPS", "PDF", "TGA", "PCX", "SGI", "ICNS"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(BadImage, match="not an image of a kind that is read"):
        decode(encode(make_scene(), kind))


@pytest.mark.parametrize("data", [b"hello, this is no picture", b"<svg xmlns='http://w3.org/2000/svg'/>", bytes(64)])
def test_refusal_does_not_echo_the_bytes(data: bytes) -> None:
    with pytest.raises(BadImage, match="not an image of a kind that is read") as refusal:
        decode(data)
    assert "hello" not in refusal.value.message
    assert "svg" not in refusal.value.message


def test_empty_file_is_refused() -> None:
    with pytest.raises(BadImage, match=r"^The file is empty\.$"):
        decode(b"")


@pytest.mark.parametrize("kind", LOSSLESS + LOSSY)
def test_error_says_that_a_file_is_cut_short(kind: str) -> None:
    data = encode(make_scene(32, 32), kind)
    with pytest.raises(BadImage, match=rf"^The {kind} is cut short or damaged\.$"):
        decode(data[: len(data) // 2])


def test_decompression_bomb_is_refused_from_its_header_alone() -> None:
    data = make_truncated_png(50_000, 50_000)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    started_at = time.perf_counter()
    with pytest.raises(ImageTooLarge, match=r"50000 x 50000 pixels: at most 50,000,000"):
        decode(data)
    assert time.perf_counter() - started_at < 0.5
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident < 16_000  # KiB


def test_no_pillow_warning_is_shown_for_a_large_image() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageTooLarge, match="10000 x 9500"):
            decode(make_truncated_png(10_000, 9_500))


def test_pixel_limit_comes_from_the_caller() -> None:
    data = encode(make_scene(40, 24))
    assert decode(data, max_pixels=960).size == (40, 24)
    with pytest.raises(ImageTooLarge, match="40 x 24 pixels: at most 959 are"):
        decode(data, max_pixels=959)
    with pytest.raises(ImageTooLarge):
        prepare(data, ImageInput(8, 8, 3, "photo"), max_pixels=959)


def test_a_bomb_inside_an_icon_is_refused() -> None:
    with pytest.raises(ImageTooLarge, match="12000 x 12000"):
        decode(wrap_in_icon(make_truncated_png(12_000, 12_000)))


def test_a_bomb_in_a_tiffs_tile_is_refused() -> None:
    tags = {256: 16, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1, 322: 30_000, 323: 30_000, 324: 8, 325: 8}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0" + struct.pack("<I", 16) + bytes(8) + struct.pack("<H", len(tags)) + entries + bytes(4)
    with pytest.raises(ImageTooLarge):
        decode(data)


def test_a_webp_of_the_largest_size_is_refused() -> None:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_382).to_bytes(3, "little") * 2
    with pytest.raises(InkpawError):
        decode(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body)


def test_decompression_bomb_in_a_text_chunk_is_refused() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "a" * 5_000_000, zip=True)
    with pytest.raises(BadImage):
        decode(encode(make_scene(), pnginfo=info))


def test_large_images_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    running, peaks, lock, load = 0, {"small": 0, "large": 0}, threading.Lock(), PngImagePlugin.PngImageFile.load

    def load_and_count(image: PngImagePlugin.PngImageFile) -> Any:
        nonlocal running
        with lock:
            running += 1
            counts.append(running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return load(image)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load_and_count)
    for name, side in (("small", 100), ("large", 2_100)):
        data = encode(Image.new("L", (side, side)), compress_level=1)
        counts.clear()
        with ThreadPoolExecutor(4) as pool:
            assert [image.size for image in pool.map(decode, [data] * 4)] == [(side, side)] * 4
        peaks[name] = max(counts)
    assert peaks["large"] == 1 < peaks["small"]


def turn(upright: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels as a camera stores them with this EXIF orientation."""
    return {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_to_the_pixels(kind: str, orientation: int) -> None:
    upright = np.asarray(make_scene())
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0}
    turned = Image.fromarray(np.ascontiguousarray(turn(upright, orientation)))
    decoded = np.asarray(decode(encode(turned, kind, exif=exif, **options)))
    assert decoded.shape == upright.shape
    assert np.abs(decoded.astype(int) - upright).max() <= (8 if kind == "JPEG" else 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_image_with_damaged_exif_is_decoded() -> None:
    data = encode(make_scene(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert decode(data).size == (40, 24)


@given(st.integers(1, 700), st.integers(1, 700), st.integers(1, 200), st.integers(1, 200), st.sampled_from([1, 6]))
def test_draft_is_never_smaller_than_requested(
    width: int, height: int, across: int, down: int, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(Image.new("L", (width, height)), "JPEG", exif=exif)
    whole = decode(data)
    draft = decode(data, draft=(across, down))
    assert draft.width >= min(across, whole.width)
    assert draft.height >= min(down, whole.height)


def test_a_draft_of_a_large_jpeg_is_smaller_than_the_whole() -> None:
    assert decode(encode(make_scene(1600, 1200), "JPEG"), draft=(150, 150)).size == (200, 150)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "lime")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert decode(data).convert("RGB").getpixel((10, 10)) == (255, 0, 0)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    wide = np.linspace(0, 65535, 64 * 5).astype(np.uint16).reshape(5, 64)
    for kind in ("PNG", "TIFF", "PPM"):
        decoded = decode(encode(Image.fromarray(wide), kind))
        assert decoded.mode == "L"
        assert np.array_equal(np.asarray(decoded), wide >> 8)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[0.0, 100.2, 255.0]], np.float32), [0, 100, 255]),
        (np.array([[-1.0, 0.0, 1.0]], np.float32), [0, 128, 255]),
        (np.array([[np.nan, np.inf, 255.0]], np.float32), [0, 0, 255]),
        (np.array([[0, 7, 255]], np.int32), [0, 7, 255]),
        (np.array([[0, 32768, 65535]], np.int32), [0, 128, 255]),
        (np.array([[0, 1_000_000, 2_000_000]], np.int32), [0, 127, 255]),
    ],
)
def test_undeclared_range_of_greys_is_guessed_from_the_values(values: np.ndarray, expected: list[int]) -> None:
    assert np.asarray(decode(encode(Image.fromarray(values), "TIFF"))).tolist() == [expected]


def test_cmyk_keeps_its_colours() -> None:
    for colour in ("white", "black", "red", "navy"):
        data = encode(Image.new("RGB", (16, 16), colour).convert("CMYK"), "JPEG", quality=95)
        expected = np.asarray(Image.new("RGB", (1, 1), colour)).astype(int)
        assert np.abs(np.asarray(decode(data)) - expected).max() <= 4


def test_palettes_and_colour_keys_keep_their_transparency() -> None:
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert decode(encode(palette)).mode == "RGB"
    assert decode(encode(palette, transparency=0)).getpixel((0, 0)) == (0, 0, 255, 255)
    assert decode(encode(palette, transparency=1)).getpixel((0, 0)) == (0, 0, 255, 0)
    assert decode(encode(Image.new("L", (8, 8), 9), transparency=9)).getchannel("A").getextrema() == (0, 0)


def test_mode_without_a_conversion_to_eight_bits_is_refused() -> None:
    with pytest.raises(BadImage, match="colour mode LAB"):
        decode(encode(Image.new("LAB", (8, 8)), "TIFF"))


def test_unknown_treatment_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="digit, photo"):
        prepare(encode(make_scene()), ImageInput(8, 8, 1, "sketch"))


FILES = [encode(make_scene(32, 32), kind) for kind in (*LOSSLESS, *LOSSY)]
FILES += [encode(make_scene(32, 32).convert("P"), "GIF", save_all=True, append_images=[make_scene(32, 32)])]
FILES += [
    encode(make_scene(32, 32), "TIFF", compression=name) for name in ("tiff_lzw", "tiff_deflate", "jpeg", "packbits")
]


def assert_prepared_or_refused(data: bytes) -> None:
    """Every treatment either gives an image or refuses the data with a short sentence."""
    for treatment in TREATMENTS:
        try:
            assert prepare(data, ImageInput(28, 28, 1, treatment), max_pixels=1_000_000).shape == (28, 28, 1)
        except InkpawError as refusal:
            assert refusal.message.endswith(".")
            assert len(refusal.message) < 150


@pytest.mark.filterwarnings("ignore")
@given(st.binary(max_size=400), st.sampled_from([b"", *(data[:24] for data in FILES)]))
def test_random_bytes_are_refused(garbage: bytes, start: bytes) -> None:
    assert_prepared_or_refused(start + garbage)


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(FILES), st.data())
def test_file_cut_anywhere_is_refused_or_decoded(data: bytes, draw: st.DataObject) -> None:
    assert_prepared_or_refused(data[: draw.draw(st.integers(0, len(data)))])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("data", FILES, ids=[*LOSSLESS, *LOSSY, "GIF2", "LZW", "DEFLATE", "JPEG-TIFF", "PACKBITS"])
def test_damaged_file_is_refused_or_decoded(data: bytes) -> None:
    random = np.random.default_rng(len(data))
    for _ in range(40):
        damaged = bytearray(data)
        limit = len(data) if random.random() < 0.5 else min(len(data), 120)  # damage in the headers matters most
        for position in random.integers(0, limit, random.integers(1, 8)):
            damaged[position] = random.integers(256)
        assert_prepared_or_refused(bytes(damaged))
