"""`/generate` of a running service: every format, and the same seed the same image."""

import io
import zipfile
from base64 import b64decode
from collections.abc import Callable

import numpy as np
import pytest
import requests
from numpy.typing import NDArray
from PIL import Image

from tests.support.load import at_once
from tests.support.server import Service

SEEDS = [3, 1, 4, 159]


def png(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def array(answer: requests.Response) -> NDArray[np.uint8]:
    """The images of an answer in npy."""
    assert answer.status_code == 200, answer.text
    images: NDArray[np.uint8] = np.load(io.BytesIO(answer.content))[..., 0]
    return images


def _zipped(data: bytes) -> list[NDArray[np.uint8]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [png(archive.read(name)) for name in archive.namelist()]


def _grid(data: bytes) -> list[NDArray[np.uint8]]:
    sheet = png(data)
    return [sheet[top : top + 28, left : left + 28] for top in (0, 30) for left in (0, 30)]


READ: dict[str, Callable[[requests.Response], list[NDArray[np.uint8]]]] = {
    "npy": lambda answer: list(array(answer)),
    "zip": lambda answer: _zipped(answer.content),
    "grid": lambda answer: _grid(answer.content),
    "json": lambda answer: [png(b64decode(each["b64"])) for each in answer.json()["images"]],
}


@pytest.mark.parametrize("form", READ)
def test_every_format_holds_the_same_images_by_get_and_by_post(service: Service, form: str) -> None:
    images = array(service.post("/generate/blot", json={"seeds": SEEDS, "format": "npy"}))
    by_post = service.post("/generate/blot", json={"seeds": SEEDS, "format": form})
    by_get = service.get(f"/generate/blot?seeds={','.join(map(str, SEEDS))}&format={form}")
    assert by_get.content == by_post.content
    for got, image in zip(READ[form](by_get), images, strict=True):
        assert (got == image).all()


def test_a_png_is_the_first_of_a_batch(service: Service) -> None:
    images = array(service.get("/generate/blot?seeds=3,1&format=npy"))
    assert (png(service.get("/generate/blot?seed=3").content) == images[0]).all()


def test_a_seed_makes_the_same_image_alone_and_among_others(service: Service) -> None:
    together = array(service.post("/generate/blot", json={"seeds": list(range(40)), "format": "npy"}))
    alone = at_once(*[lambda seed=seed: service.get(f"/generate/blot?seed={seed}&format=npy") for seed in range(40)])
    assert (np.concatenate([array(each) for each in alone]) == together).all()
    assert len(np.unique(together, axis=0)) == 40


def test_labels_and_truncation_matter(service: Service) -> None:
    paths = ["", "&label=1", "&label=2", "&truncation=0.5"]
    images = [service.get(f"/generate/blot?seed=3{path}").content for path in paths]
    assert len(set(images)) == len(paths)


def test_drawn_seed_is_reported_and_repeats_the_image(service: Service) -> None:
    drawn = service.post("/generate/blot", json={"count": 3, "format": "json"}).json()
    again = service.post("/generate/blot", json={"seeds": drawn["seeds"], "format": "json"}).json()
    assert again == drawn
    assert service.post("/generate/blot", json={"count": 3, "format": "json"}).json()["seeds"] != drawn["seeds"]


def test_unchanged_image_is_not_sent_again(service: Service) -> None:
    first = service.get("/generate/blot?seed=3")
    again = service.get("/generate/blot?seed=3", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = service.get("/generate/blot?seed=4", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
