"""The shipped models, served, and asked with pictures as people have them."""

import io
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.handwriting import pen
from tests.support.server import Service

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("DATA_DIR") or ROOT / "data")
ORIENTATION = 0x0112

needs_photos = pytest.mark.skipif(not (DATA / "samples").is_dir(), reason="the sample photographs are not here")
needs_mnist = pytest.mark.skipif(not (DATA / "mnist.npz").exists(), reason="MNIST is not on this machine")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service(ROOT / "models", {})
    try:
        service.start()
        yield service
        assert service.stop() == 0
    finally:
        service.clear()


def _saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _deep(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(_on_white(image).convert("L")).astype(np.uint16) * 257)


def _lying(image: Image.Image) -> bytes:
    """Stored on its side, with the EXIF mark that says how to turn it."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return _saved(_on_white(image).transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=92)


def _animated(image: Image.Image) -> bytes:
    still = _on_white(image)
    return _saved(still, "GIF", save_all=True, append_images=[Image.new("RGB", still.size)], duration=50)


FORMS: dict[str, Callable[[Image.Image], bytes]] = {
    "as drawn": lambda image: _saved(image, "PNG"),
    "jpeg": lambda image: _saved(_on_white(image), "JPEG", quality=80),
    "on its side, with EXIF": _lying,
    "palette": lambda image: _saved(_on_white(image).quantize(32), "PNG"),
    "cmyk": lambda image: _saved(_on_white(image).convert("CMYK"), "JPEG"),
    "sixteen bits": lambda image: _saved(_deep(image), "PNG"),
    "animated": _animated,
    "webp": lambda image: _saved(image, "WEBP"),
    "large": lambda image: _saved(_on_white(image).resize((1800, 1800)), "PNG"),
}


def _labels(service: Service, model: str, bodies: list[bytes]) -> list[str]:
    answer = service.post(f"/predict/{model}", files=[("f", body) for body in bodies])
    assert answer.status_code == 200, answer.text
    return [each["label"] for each in answer.json()["predictions"]]


@pytest.mark.parametrize("form", FORMS)
def test_pen_digits_are_read_in_every_form(service: Service, form: str) -> None:
    asked = [(at % 10, FORMS[form](pen(at % 10, random.Random(at)))) for at in range(30)]
    read = _labels(service, "digits", [body for _, body in asked])
    wrong = [(digit, label) for (digit, _), label in zip(asked, read, strict=True) if str(digit) != label]
    assert len(wrong) <= 1, wrong


@needs_mnist
def test_digits_of_mnist_as_png(service: Service) -> None:
    with np.load(DATA / "mnist.npz") as raw:
        images, labels = raw["x_test"][:200], raw["y_test"][:200]
    read = _labels(service, "digits", [_saved(Image.fromarray(image), "PNG") for image in images])
    assert sum(int(label) == true for label, true in zip(read, labels, strict=True)) >= 197


@needs_photos
def test_cats_and_dogs_as_camera_files(service: Service) -> None:
    photos = [
        (kind, path) for kind in ("cat", "dog") for path in sorted((DATA / "samples" / f"{kind}s").iterdir())[:50]
    ]
    said = _labels(service, "cats-dogs", [path.read_bytes() for _, path in photos])
    assert sum(kind == label for (kind, _), label in zip(photos, said, strict=True)) >= 88


@needs_photos
def test_a_photograph_on_its_side_is_seen_upright(service: Service) -> None:
    for path in sorted((DATA / "samples/cats").iterdir())[:5]:
        photo = Image.open(path).convert("RGB")
        body = _saved(photo, "JPEG", quality=92)
        upright, lying = (
            service.post("/predict/cats-dogs", data).json()["predictions"][0]["probabilities"]["cat"]
            for data in (body, _lying(photo))
        )
        assert abs(upright - lying) < 0.1


def test_samples_of_the_gan_are_read_as_their_labels(service: Service) -> None:
    sheet = service.get("/generate/digits-gan?count=100&seed=5000&label=3&format=npy")
    images = np.load(io.BytesIO(sheet.content))[..., 0]
    read = _labels(service, "digits", [_saved(Image.fromarray(image), "PNG") for image in images])
    assert read.count("3") >= 93


def test_seed_is_one_image_in_every_request_form(service: Service) -> None:
    alone = np.asarray(Image.open(io.BytesIO(service.get("/generate/digits-gan?seed=9&label=4").content))).astype(int)
    asked = {"seeds": [3, 9, 11], "labels": ["1", "4", "any"], "format": "npy"}
    among = np.load(io.BytesIO(service.post("/generate/digits-gan", json=asked).content))
    assert np.abs(alone - among[1, ..., 0].astype(int)).max() <= 1, "at most one grey level apart"


def test_mixed_precision_gives_the_same_labels(service: Service) -> None:
    mixed = Service(ROOT / "models", {"precision": "mixed"})
    bodies = [_saved(pen(at % 10, random.Random(at)), "PNG") for at in range(30)]
    try:
        mixed.start()
        assert _labels(mixed, "digits", bodies) == _labels(service, "digits", bodies)
        asked = "/generate/digits-gan?count=8&seed=5&format=npy"
        assert mixed.get(asked).content == service.get(asked).content
        assert mixed.stop() == 0
    finally:
        mixed.clear()
