"""JPEGs that lack their last bytes: tolerant reading takes them if at least 98% of their rows are there."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from service.errors import BadImage
from service.images import ImageInput, decode, decode_tolerantly, prepare, prepare_tolerantly

KINDS: dict[str, dict[str, Any]] = {
    "baseline": {"subsampling": 0},
    "baseline 4:2:0": {"subsampling": 2},
    "restart markers": {"subsampling": 0, "restart_marker_rows": 1},
    "progressive": {"progressive": True},
}
HEIGHT = 900


def make_jpeg(height: int = HEIGHT, **options: Any) -> bytes:
    """Noise on a coarse pattern, so that every row differs from every other."""
    random = np.random.default_rng(height)
    coarse = Image.fromarray(random.integers(0, 256, (height // 20, 15, 3), np.uint8)).resize((300, height))
    noisy = np.asarray(coarse).astype(int) + random.normal(0, 8, (height, 300, 3))
    out = BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(out, "JPEG", **{"quality": 85} | options)
    return out.getvalue()


def count_whole_rows(data: bytes, of: np.ndarray) -> int:
    """The first rows that are as in the whole picture."""
    differing = np.nonzero((np.asarray(decode_tolerantly(data).image) != of).any(axis=(1, 2)))[0]
    return int(differing[0]) if len(differing) else len(of)


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("cut", [1, 2])
def test_missing_end_marker_costs_nothing(options: dict[str, Any], cut: int) -> None:
    data = make_jpeg(**options)
    picture = decode_tolerantly(data[:-cut])
    assert picture.truncated
    assert np.array_equal(np.asarray(picture.image), np.asarray(decode(data)))


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_picture_is_read_only_where_98_percent_of_its_rows_are_there(options: dict[str, Any]) -> None:
    data = make_jpeg(**options)
    whole, taken = np.asarray(decode(data)), 0
    for cut in [3, 5, 10, 30, 100, 200, 300, 500, 700, 1000, 2000, 4000, len(data) // 3, len(data) * 2 // 3]:
        try:
            assert count_whole_rows(data[:-cut], whole) >= 0.98 * HEIGHT
            taken += 1
        except BadImage as refusal:
            assert "cut short" in refusal.message
            assert cut > 10
    assert 3 <= taken < 12


def test_progressive_picture_that_lacks_a_scan_is_refused() -> None:
    data = make_jpeg(progressive=True)
    with pytest.raises(BadImage, match="cut short"):
        decode_tolerantly(data[: data.rindex(b"\xff\xda")])


def test_end_of_a_picture_in_the_header_is_not_its_end() -> None:
    thumbnail, data = make_jpeg(40), make_jpeg()
    assert len(thumbnail) < 60_000
    segment = b"\xff\xe5" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    assert decode_tolerantly(data[:2] + segment + data[2:-2]).truncated


def test_strict_reading_refuses_what_is_cut() -> None:
    data = make_jpeg()
    assert not decode_tolerantly(data).truncated
    with pytest.raises(BadImage, match="cut short"):
        decode(data[:-50])
    with pytest.raises(BadImage, match="cut short"):
        prepare(data[:-50], ImageInput(28, 28, 3, "photo"))


def test_other_formats_are_never_completed() -> None:
    for kind in ("PNG", "GIF", "WEBP", "TIFF", "JPEG2000", "AVIF", "BMP", "PPM"):
        out = BytesIO()
        Image.new("RGB", (64, 64), "red").save(out, kind)
        assert not decode_tolerantly(out.getvalue()).truncated
        with pytest.raises(BadImage):
            decode_tolerantly(out.getvalue()[: len(out.getvalue()) * 2 // 3])


def test_prepared_pixels_are_those_of_the_whole_picture() -> None:
    data, image_input = make_jpeg(), ImageInput(28, 28, 3, "photo")
    prepared = prepare_tolerantly(data[:-2], image_input)
    assert prepared.warnings == ("truncated",)
    assert np.array_equal(prepared.pixels, prepare(data, image_input))
