"""Bytes of all kinds: good pictures come out upright and plain, all else is refused with a sentence."""

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


def scene(width: int = 40, height: int = 24) -> Image.Image:
    """No side or corner is like another."""
    x, y = np.meshgrid(np.linspace(0, 250, width), np.linspace(0, 250, height))
    return Image.fromarray(np.stack([x, y, 250 - x], axis=-1).astype(np.uint8))


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header promises that size, greys of eight bits, with a few rows of its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return PNG_MAGIC + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def icon_around(png: bytes) -> bytes:
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 22) + png


@pytest.mark.parametrize("kind", LOSSLESS + LOSSY)
def test_every_accepted_format_gives_its_picture(kind: str) -> None:
    size = (32, 32) if kind == "ICO" else (40, 24)
    source = scene(*size).convert("P") if kind == "GIF" else scene(*size)
    decoded = decode(saved(source, kind)).convert("RGB")
    assert decoded.size == size
    off = np.abs(np.asarray(decoded).astype(int) - np.asarray(source.convert("RGB")))
    assert off.mean() <= (0 if kind in LOSSLESS else 12)


@pytest.mark.parametrize("kind", ["EPS", "PDF", "TGA", "PCX", "SGI", "ICNS"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(BadImage, match="not an image of a kind that is read"):
        decode(saved(scene(), kind))


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
def test_a_file_cut_short_says_so(kind: str) -> None:
    data = saved(scene(32, 32), kind)
    with pytest.raises(BadImage, match=rf"^The {kind} is cut short or damaged\.$"):
        decode(data[: len(data) // 2])


def test_a_bomb_is_refused_from_its_header_alone() -> None:
    data = png_of(50_000, 50_000)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(ImageTooLarge, match=r"50000 x 50000 pixels: at most 50,000,000"):
        decode(data)
    assert time.perf_counter() - started < 0.5
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident < 16_000  # KiB


def test_no_warning_of_pillows_leaks_for_a_size_it_finds_suspicious() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageTooLarge, match="10000 x 9500"):
            decode(png_of(10_000, 9_500))


def test_pixel_limit_comes_from_the_caller() -> None:
    data = saved(scene(40, 24))
    assert decode(data, max_pixels=960).size == (40, 24)
    with pytest.raises(ImageTooLarge, match="40 x 24 pixels: at most 959 are"):
        decode(data, max_pixels=959)
    with pytest.raises(ImageTooLarge):
        prepare(data, ImageInput(8, 8, 3, "photo"), max_pixels=959)


def test_a_bomb_inside_an_icon_is_refused() -> None:
    with pytest.raises(ImageTooLarge, match="12000 x 12000"):
        decode(icon_around(png_of(12_000, 12_000)))


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


def test_a_bomb_of_text_is_refused() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "a" * 5_000_000, zip=True)
    with pytest.raises(BadImage):
        decode(saved(scene(), pnginfo=info))


def test_large_images_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[int] = []
    now, most, guard, load = 0, {"small": 0, "large": 0}, threading.Lock(), PngImagePlugin.PngImageFile.load

    def watched(image: PngImagePlugin.PngImageFile) -> Any:
        nonlocal now
        with guard:
            now += 1
            inside.append(now)
        time.sleep(0.02)
        with guard:
            now -= 1
        return load(image)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", watched)
    for name, side in (("small", 100), ("large", 2_100)):
        data = saved(Image.new("L", (side, side)), compress_level=1)
        inside.clear()
        with ThreadPoolExecutor(4) as pool:
            assert [done.size for done in pool.map(decode, [data] * 4)] == [(side, side)] * 4
        most[name] = max(inside)
    assert most["large"] == 1 < most["small"]


def stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels as a camera held that way would have stored them."""
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
def test_exif_orientation_is_as_if_the_pixels_were_turned(kind: str, orientation: int) -> None:
    upright = np.asarray(scene())
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0}
    turned = Image.fromarray(np.ascontiguousarray(stored(upright, orientation)))
    decoded = np.asarray(decode(saved(turned, kind, exif=exif, **options)))
    assert decoded.shape == upright.shape
    assert np.abs(decoded.astype(int) - upright).max() <= (8 if kind == "JPEG" else 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = saved(scene(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert decode(data).size == (40, 24)


@given(st.integers(1, 700), st.integers(1, 700), st.integers(1, 200), st.integers(1, 200), st.sampled_from([1, 6]))
def test_a_draft_is_never_smaller_than_asked(width: int, height: int, across: int, down: int, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.new("L", (width, height)), "JPEG", exif=exif)
    whole = decode(data)
    draft = decode(data, draft=(across, down))
    assert draft.width >= min(across, whole.width)
    assert draft.height >= min(down, whole.height)


def test_a_draft_of_a_large_jpeg_is_smaller_than_the_whole() -> None:
    assert decode(saved(scene(1600, 1200), "JPEG"), draft=(150, 150)).size == (200, 150)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "lime")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert decode(data).convert("RGB").getpixel((10, 10)) == (255, 0, 0)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    wide = np.linspace(0, 65535, 64 * 5).astype(np.uint16).reshape(5, 64)
    for kind in ("PNG", "TIFF", "PPM"):
        decoded = decode(saved(Image.fromarray(wide), kind))
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
def test_greys_of_no_declared_range_are_read_by_what_they_hold(values: np.ndarray, expected: list[int]) -> None:
    assert np.asarray(decode(saved(Image.fromarray(values), "TIFF"))).tolist() == [expected]


def test_cmyk_comes_out_as_seen() -> None:
    for colour in ("white", "black", "red", "navy"):
        data = saved(Image.new("RGB", (16, 16), colour).convert("CMYK"), "JPEG", quality=95)
        expected = np.asarray(Image.new("RGB", (1, 1), colour)).astype(int)
        assert np.abs(np.asarray(decode(data)) - expected).max() <= 4


def test_palettes_and_colour_keys_keep_their_transparency() -> None:
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert decode(saved(palette)).mode == "RGB"
    assert decode(saved(palette, transparency=0)).getpixel((0, 0)) == (0, 0, 255, 255)
    assert decode(saved(palette, transparency=1)).getpixel((0, 0)) == (0, 0, 255, 0)
    assert decode(saved(Image.new("L", (8, 8), 9), transparency=9)).getchannel("A").getextrema() == (0, 0)


def test_a_mode_without_a_way_to_eight_bits_is_refused() -> None:
    with pytest.raises(BadImage, match="colour mode LAB"):
        decode(saved(Image.new("LAB", (8, 8)), "TIFF"))


def test_unknown_treatment_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="digit, photo"):
        prepare(saved(scene()), ImageInput(8, 8, 1, "sketch"))


FILES = [saved(scene(32, 32), kind) for kind in (*LOSSLESS, *LOSSY)]
FILES += [saved(scene(32, 32).convert("P"), "GIF", save_all=True, append_images=[scene(32, 32)])]
FILES += [saved(scene(32, 32), "TIFF", compression=name) for name in ("tiff_lzw", "tiff_deflate", "jpeg", "packbits")]


def attempt(data: bytes) -> None:
    for treatment in TREATMENTS:
        try:
            assert prepare(data, ImageInput(28, 28, 1, treatment), max_pixels=1_000_000).shape == (28, 28, 1)
        except InkpawError as refusal:
            assert refusal.message.endswith(".")  # a sentence
            assert len(refusal.message) < 150


@pytest.mark.filterwarnings("ignore")
@given(st.binary(max_size=400), st.sampled_from([b"", *(data[:24] for data in FILES)]))
def test_garbage_is_only_ever_refused(garbage: bytes, start: bytes) -> None:
    attempt(start + garbage)


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(FILES), st.data())
def test_a_file_cut_anywhere_is_only_ever_refused_or_decoded(data: bytes, draw: st.DataObject) -> None:
    attempt(data[: draw.draw(st.integers(0, len(data)))])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("data", FILES, ids=[*LOSSLESS, *LOSSY, "GIF2", "LZW", "DEFLATE", "JPEG-TIFF", "PACKBITS"])
def test_a_damaged_file_is_only_ever_refused_or_decoded(data: bytes) -> None:
    random = np.random.default_rng(len(data))
    for _ in range(40):
        damaged = bytearray(data)
        reach = len(data) if random.random() < 0.5 else min(len(data), 120)  # headers hold what can go wrong
        for at in random.integers(0, reach, random.integers(1, 8)):
            damaged[at] = random.integers(256)
        attempt(bytes(damaged))
