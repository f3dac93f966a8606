"""The shipped models behind the service, with images as users have them."""

import io
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.hardware import count_cores
from tests.support.handwriting import draw_digit
from tests.support.pictures import make_digit_png
from tests.support.processes import count_waits_by_thread
from tests.support.server import Service

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("DATA_DIR") or ROOT / "data")
ORIENTATION = 0x0112

needs_photos = pytest.mark.skipif(
    not (DATA / "samples").is_dir(), reason="the sample photographs are not on this machine"
)
needs_mnist = pytest.mark.skipif(not (DATA / "mnist.npz").exists(), reason="MNIST is not on this machine")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service(ROOT / "models", {})
    try:
        service.start()
        yield service
        assert service.stop() == 0
    finally:
        service.clean_up()


def _encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def _flatten_on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _to_sixteen_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(_flatten_on_white(image).convert("L")).astype(np.uint16) * 257)


def _encode_rotated(image: Image.Image) -> bytes:
    """A JPEG stored rotated by 90 degrees, with the EXIF orientation that says so."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return _encode(_flatten_on_white(image).transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=92)


def _encode_animation(image: Image.Image) -> bytes:
    still = _flatten_on_white(image)
    return _encode(still, "GIF", save_all=True, append_images=[Image.new("RGB", still.size)], duration=50)


FORMS: dict[str, Callable[[Image.Image], bytes]] = {
    "as drawn": lambda image: _encode(image, "PNG"),
    "jpeg": lambda image: _encode(_flatten_on_white(image), "JPEG", quality=80),
    "on its side, with EXIF": _encode_rotated,
    "palette": lambda image: _encode(_flatten_on_white(image).quantize(32), "PNG"),
    "cmyk": lambda image: _encode(_flatten_on_white(image).convert("CMYK"), "JPEG"),
    "sixteen bits": lambda image: _encode(_to_sixteen_bits(image), "PNG"),
    "animated": _encode_animation,
    "webp": lambda image: _encode(image, "WEBP"),
    "large": lambda image: _encode(_flatten_on_white(image).resize((1800, 1800)), "PNG"),
}


def _predict_labels(service: Service, model: str, bodies: list[bytes]) -> list[str]:
    answer = service.post(f"/predict/{model}", files=[("f", body) for body in bodies])
    assert answer.status_code == 200, answer.text
    return [prediction["label"] for prediction in answer.json()["predictions"]]


@pytest.mark.parametrize("form", FORMS)
def test_drawn_digits_are_read_in_every_file_form(service: Service, form: str) -> None:
    sent = [(index % 10, FORMS[form](draw_digit(index % 10, random.Random(index)))) for index in range(30)]
    labels = _predict_labels(service, "digits", [body for _, body in sent])
    wrong = [(digit, label) for (digit, _), label in zip(sent, labels, strict=True) if str(digit) != label]
    assert len(wrong) <= 1, wrong


@needs_mnist
def test_mnist_digits_sent_as_png_are_read(service: Service) -> None:
    with np.load(DATA / "mnist.npz") as raw:
        images, labels = raw["x_test"][:200], raw["y_test"][:200]
    read = _predict_labels(service, "digits", [_encode(Image.fromarray(image), "PNG") for image in images])
    assert sum(int(label) == true for label, true in zip(read, labels, strict=True)) >= 197


@needs_photos
def test_cats_and_dogs_in_camera_files_are_classified(service: Service) -> None:
    photos = [
        (kind, path) for kind in ("cat", "dog") for path in sorted((DATA / "samples" / f"{kind}s").iterdir())[:50]
    ]
    labels = _predict_labels(service, "cats-dogs", [path.read_bytes() for _, path in photos])
    assert sum(kind == label for (kind, _), label in zip(photos, labels, strict=True)) >= 88


@needs_photos
def test_photo_with_exif_orientation_gets_the_answer_of_the_upright_photo(service: Service) -> None:
    for path in sorted((DATA / "samples/cats").iterdir())[:5]:
        photo = Image.open(path).convert("RGB")
        body = _encode(photo, "JPEG", quality=92)
        upright, rotated = (
            service.post("/predict/cats-dogs", data).json()["predictions"][0]["probabilities"]["cat"]
            for data in (body, _encode_rotated(photo))
        )
        assert abs(upright - rotated) < 0.1


def test_samples_of_the_gan_are_read_as_their_labels(service: Service) -> None:
    sheet = service.get("/generate/digits-gan?count=100&seed=5000&label=3&format=npy")
    images = np.load(io.BytesIO(sheet.content))[..., 0]
    read = _predict_labels(service, "digits", [_encode(Image.fromarray(image), "PNG") for image in images])
    assert read.count("3") >= 93


def test_seed_gives_the_same_image_by_get_and_by_post(service: Service) -> None:
    alone = np.asarray(Image.open(io.BytesIO(service.get("/generate/digits-gan?seed=9&label=4").content))).astype(int)
    body = {"seeds": [3, 9, 11], "labels": ["1", "4", "any"], "format": "npy"}
    batch = np.load(io.BytesIO(service.post("/generate/digits-gan", json=body).content))
    assert np.abs(alone - batch[1, ..., 0].astype(int)).max() <= 1, "at most one grey level apart"


def test_mixed_precision_gives_the_same_labels(service: Service) -> None:
    mixed = Service(ROOT / "models", {"precision": "mixed"})
    bodies = [_encode(draw_digit(index % 10, random.Random(index)), "PNG") for index in range(30)]
    try:
        mixed.start()
        assert _predict_labels(mixed, "digits", bodies) == _predict_labels(service, "digits", bodies)
        path = "/generate/digits-gan?count=8&seed=5&format=npy"
        assert mixed.get(path).content == service.get(path).content
        assert mixed.stop() == 0
    finally:
        mixed.clean_up()


def test_drift_of_every_classifier_is_reported(service: Service) -> None:
    """NaN until there are enough images; its references come with the shipped models."""
    lines = [line for line in service.get("/metrics").text.splitlines() if line.startswith("inkpaw_drift{")]
    for model in ("digits", "cats-dogs"):
        assert len([line for line in lines if f'model="{model}"' in line]) == 3
    assert len(lines) == 6


def test_each_run_takes_one_thread_of_the_engine(service: Service) -> None:
    """Runs that are shared by threads wait for each other, which costs more than a small net."""
    picture, requests = make_digit_png(), 200
    assert service.post("/predict/digits", picture).status_code == 200
    before = count_waits_by_thread(service.engine_pid)
    for _ in range(requests):
        service.post("/predict/digits", picture)
    waits = count_waits_by_thread(service.engine_pid)
    busy = [thread for thread, count in waits.items() if count - before.get(thread, 0) > requests / 10]
    assert len(busy) <= 1 + count_cores(), "more threads than the socket's and the runners'"
