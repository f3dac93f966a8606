"""Generated images as files: what is read back is what was made, and the same images are the same bytes."""

import io
import json
import zipfile
from base64 import b64decode

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.web.codecs.image_formats import FORMATS, GAP, encode

FACTS: dict[str, object] = {"model": "net", "seeds": [1, 2]}


def made(count: int, channels: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, 5, 7, channels), np.uint8)


def names(count: int) -> list[str]:
    return [f"net-{at}" for at in range(count)]


def read(data: bytes, channels: int = 1) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        assert image.mode == {1: "L", 3: "RGB"}[channels]
        return np.asarray(image).reshape(image.height, image.width, channels)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_image(channels: int) -> None:
    images = made(1, channels)
    assert (read(encode(images, "png", FACTS, names(1)), channels) == images[0]).all()


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_holds_every_image_row_by_row(count: int, columns: int, channels: int) -> None:
    images = made(count, channels)
    sheet = read(encode(images, "grid", FACTS, names(count)), channels)
    rows = -(-count // columns)
    assert sheet.shape == (rows * (5 + GAP) - GAP, columns * (7 + GAP) - GAP, channels)
    for at, image in enumerate(images):
        top, left = at // columns * (5 + GAP), at % columns * (7 + GAP)
        assert (sheet[top : top + 5, left : left + 7] == image).all()


def test_a_zip_holds_a_png_for_each_name() -> None:
    images = made(3)
    with zipfile.ZipFile(io.BytesIO(encode(images, "zip", FACTS, names(3)))) as archive:
        assert archive.namelist() == ["net-0.png", "net-1.png", "net-2.png"]
        assert archive.testzip() is None
        for at, name in enumerate(archive.namelist()):
            assert (read(archive.read(name)) == images[at]).all()


def test_npy_holds_the_array() -> None:
    images = made(4, 3)
    assert (np.load(io.BytesIO(encode(images, "npy", FACTS, names(4)))) == images).all()


def test_json_holds_the_images_and_the_facts() -> None:
    images = made(2)
    told = json.loads(encode(images, "json", FACTS, names(2)))
    for sent, image in zip(told["images"], images, strict=True):
        assert (read(b64decode(sent["b64"])) == image).all()
    assert {key: told[key] for key in FACTS} == FACTS


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_images_are_the_same_bytes(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encode(made(2), form, FACTS, names(2))
    monkeypatch.setattr("time.localtime", lambda *_: (2040, 1, 1, 0, 0, 0, 0, 1, 0))
    assert encode(made(2), form, FACTS, names(2)) == first
