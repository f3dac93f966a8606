"""`/generate` of a running service: every format, and the same image for the same seed."""

import io
import zipfile
from base64 import b64decode
from collections.abc import Callable

import numpy as np
import pytest
import requests
from numpy.typing import NDArray
from PIL import Image

from tests.support.load import send_together
from tests.support.server import Service

SEEDS = [3, 1, 4, 159]


def read_png(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def read_npy(answer: requests.Response) -> NDArray[np.uint8]:
    """The images of a response in npy format."""
    assert answer.status_code == 200, answer.text
    images: NDArray[np.uint8] = np.load(io.BytesIO(answer.content))[..., 0]
    return images


def _read_zip(data: bytes) -> list[NDArray[np.uint8]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [read_png(archive.read(name)) for name in archive.namelist()]


def _read_grid(data: bytes) -> list[NDArray[np.uint8]]:
    sheet = read_png(data)
    return [sheet[top : top + 28, left : left + 28] for top in (0, 30) for left in (0, 30)]


READERS: dict[str, Callable[[requests.Response], list[NDArray[np.uint8]]]] = {
    "npy": lambda answer: list(read_npy(answer)),
    "zip": lambda answer: _read_zip(answer.content),
    "grid": lambda answer: _read_grid(answer.content),
    "json": lambda answer: [read_png(b64decode(image["b64"])) for image in answer.json()["images"]],
}


@pytest.mark.parametrize("form", READERS)
def test_every_format_holds_the_same_images_by_get_and_by_post(service: Service, form: str) -> None:
    images = read_npy(service.post("/generate/blot", json={"seeds": SEEDS, "format": "npy"}))
    by_post = service.post("/generate/blot", json={"seeds": SEEDS, "format": form})
    by_get = service.get(f"/generate/blot?seeds={','.join(map(str, SEEDS))}&format={form}")
    assert by_get.content == by_post.content
    for actual, expected in zip(READERS[form](by_get), images, strict=True):
        assert (actual == expected).all()


def test_png_is_the_first_image_of_a_batch(service: Service) -> None:
    images = read_npy(service.get("/generate/blot?seeds=3,1&format=npy"))
    assert (read_png(service.get("/generate/blot?seed=3").content) == images[0]).all()


def test_seed_gives_the_same_image_alone_and_in_a_batch(service: Service) -> None:
    together = read_npy(service.post("/generate/blot", json={"seeds": list(range(40)), "format": "npy"}))
    alone = send_together(
        *[lambda seed=seed: service.get(f"/generate/blot?seed={seed}&format=npy") for seed in range(40)]
    )
    assert (np.concatenate([read_npy(answer) for answer in alone]) == together).all()
    assert len(np.unique(together, axis=0)) == 40


def test_labels_and_truncation_change_the_image(service: Service) -> None:
    parameters = ["", "&label=1", "&label=2", "&truncation=0.5"]
    images = [service.get(f"/generate/blot?seed=3{parameter}").content for parameter in parameters]
    assert len(set(images)) == len(parameters)


def test_random_seed_is_reported_and_repeats_the_image(service: Service) -> None:
    first = service.post("/generate/blot", json={"count": 3, "format": "json"}).json()
    again = service.post("/generate/blot", json={"seeds": first["seeds"], "format": "json"}).json()
    assert again == first
    assert service.post("/generate/blot", json={"count": 3, "format": "json"}).json()["seeds"] != first["seeds"]


def test_unchanged_image_is_not_sent_again(service: Service) -> None:
    first = service.get("/generate/blot?seed=3")
    again = service.get("/generate/blot?seed=3", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = service.get("/generate/blot?seed=4", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_a_walk_begins_and_ends_with_what_generate_answers(service: Service) -> None:
    frames = read_npy(service.get("/generate/blot/walk?from=3&to=9&frames=5&label=7&format=npy"))
    ends = read_npy(service.get("/generate/blot?seeds=3,9&label=7&format=npy"))
    assert len(frames) == 5 and np.array_equal(frames[[0, -1]], ends)
    assert not np.array_equal(frames[2], frames[0])
