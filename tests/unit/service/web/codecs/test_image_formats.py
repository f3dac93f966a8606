"""Generated images as files: they are read back unchanged, and the same images give the same bytes."""

import io
import json
import zipfile
from base64 import b64decode

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.web.codecs.image_formats import GAP, MEDIA_TYPES, encode_images

FACTS: dict[str, object] = {"model": "net", "seeds": [1, 2]}


def make_images(count: int, channels: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, 5, 7, channels), np.uint8)


def make_file_names(count: int) -> list[str]:
    return [f"net-{index}" for index in range(count)]


def read_png(data: bytes, channels: int = 1) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        assert image.mode == {1: "L", 3: "RGB"}[channels]
        return np.asarray(image).reshape(image.height, image.width, channels)


@pytest.mark.parametrize("channels", [1, 3])
def test_png_holds_the_image(channels: int) -> None:
    images = make_images(1, channels)
    assert (read_png(encode_images(images, "png", FACTS, make_file_names(1)), channels) == images[0]).all()


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
@pytest.mark.parametrize("channels", [1, 3])
def test_grid_holds_every_image_row_by_row(count: int, columns: int, channels: int) -> None:
    images = make_images(count, channels)
    grid = read_png(encode_images(images, "grid", FACTS, make_file_names(count)), channels)
    rows = -(-count // columns)
    assert grid.shape == (rows * (5 + GAP) - GAP, columns * (7 + GAP) - GAP, channels)
    for index, image in enumerate(images):
        top, left = index // columns * (5 + GAP), index % columns * (7 + GAP)
        assert (grid[top : top + 5, left : left + 7] == image).all()


def test_zip_holds_one_png_per_name() -> None:
    images = make_images(3)
    with zipfile.ZipFile(io.BytesIO(encode_images(images, "zip", FACTS, make_file_names(3)))) as archive:
        assert archive.namelist() == ["net-0.png", "net-1.png", "net-2.png"]
        assert archive.testzip() is None
        for index, name in enumerate(archive.namelist()):
            assert (read_png(archive.read(name)) == images[index]).all()


def test_npy_holds_the_array() -> None:
    images = make_images(4, 3)
    assert (np.load(io.BytesIO(encode_images(images, "npy", FACTS, make_file_names(4)))) == images).all()


def test_json_holds_the_images_and_the_facts() -> None:
    images = make_images(2)
    decoded = json.loads(encode_images(images, "json", FACTS, make_file_names(2)))
    for sent, image in zip(decoded["images"], images, strict=True):
        assert (read_png(b64decode(sent["b64"])) == image).all()
    assert {key: decoded[key] for key in FACTS} == FACTS


@pytest.mark.parametrize("image_format", MEDIA_TYPES)
def test_same_images_give_the_same_bytes(image_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encode_images(make_images(2), image_format, FACTS, make_file_names(2))
    monkeypatch.setattr("time.localtime", lambda *_: (2040, 1, 1, 0, 0, 0, 0, 1, 0))
    assert encode_images(make_images(2), image_format, FACTS, make_file_names(2)) == first
