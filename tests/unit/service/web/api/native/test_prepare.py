"""`/prepare`: an image as the model sees it, with the bounds of `/predict`."""

import io

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from service.images import ImageInput, prepare
from service.ipc import wire
from tests.support.engine import FakeEngine
from tests.support.pictures import encode_png, make_bomb, make_digit_png, make_png


def test_png_holds_what_the_model_gets(web: FlaskClient, engine: FakeEngine) -> None:
    picture = make_digit_png()
    answer = web.post("/prepare/echo", data=picture)
    assert (answer.mimetype, answer.headers["Inkpaw-Version"]) == ("image/png", "2")
    pixels = np.asarray(Image.open(io.BytesIO(answer.data)))
    assert np.array_equal(pixels, prepare(picture, ImageInput(28, 28, 1, "photo"))[..., 0])
    assert not [call for call in engine.calls if isinstance(call, wire.RunCall)]


@pytest.mark.parametrize(("path", "number"), [("", "2"), ("/versions/1", "1"), ("/labels/old", "1")])
def test_path_chooses_the_version(web: FlaskClient, path: str, number: str) -> None:
    assert web.post(f"/prepare/echo{path}", data=make_png(7)).headers["Inkpaw-Version"] == number


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/prepare/echo", b"no image", 400, "bad_image"),
        ("/prepare/echo", b"", 400, "bad_image"),
        ("/prepare/echo", make_bomb(), 413, "image_too_large"),
        ("/prepare/echo", encode_png(np.zeros((1001, 1000), np.uint8)), 413, "image_too_large"),
        ("/prepare/echo", bytes((1 << 20) + 1), 413, "request_too_large"),
        ("/prepare/blot", make_png(7), 400, "bad_request"),
        ("/prepare/plain", make_png(7), 400, "bad_request"),
        ("/prepare/nothing", make_png(7), 404, "model_not_found"),
    ],
)
def test_what_cannot_be_prepared_is_refused(web: FlaskClient, path: str, body: bytes, status: int, code: str) -> None:
    answer = web.post(path, data=body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)


def test_several_images_are_refused(web: FlaskClient) -> None:
    files = {"file": [(io.BytesIO(make_png(number)), f"{number}.png") for number in range(2)]}
    answer = web.post("/prepare/echo", data=files)
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"] == "A png holds one image; the request holds 2."
