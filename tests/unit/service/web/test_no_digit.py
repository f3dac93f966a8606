"""A picture without a digit: 422 in the shape of each protocol, and a warning where there are several."""

import io
from base64 import b64encode
from collections.abc import Iterator

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.catalog import Catalog, Model
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, make_handler
from tests.support.pictures import encode_png, make_digit_png
from tests.unit.service.web.conftest import make_version

BLANK = encode_png(np.full((60, 60), 200, np.uint8))
SENTENCE = "There is no digit in the picture."


@pytest.fixture
def engine(settings: Settings) -> Iterator[FakeEngine]:
    catalog = Catalog(1, {"hand": Model("hand", {1: make_version(1, "classifier", "digit")})})
    with FakeEngine(settings.engine_sockets[0], make_handler(catalog)) as engine:
        yield engine


@pytest.fixture
def web(settings: Settings, engine: FakeEngine) -> FlaskClient:
    return create_app(settings).test_client()


@pytest.mark.parametrize("path", ["/predict/hand", "/prepare/hand"])
def test_native_error_has_its_code(web: FlaskClient, path: str) -> None:
    answer = web.post(path, data=BLANK)
    assert answer.status_code == 422
    assert answer.get_json() == {"error": {"code": "no_digit", "message": f"The image: {SENTENCE}"}}


def test_error_names_the_position_in_a_batch(web: FlaskClient) -> None:
    files = [(io.BytesIO(data), f"{index}.png") for index, data in enumerate((make_digit_png(), BLANK))]
    answer = web.post("/predict/hand", data={"file": files})
    assert (answer.status_code, answer.get_json()["error"]["message"]) == (422, f"Image 2 of 2: {SENTENCE}")


def test_error_under_v1_is_a_sentence(web: FlaskClient) -> None:
    answer = web.post("/v1/models/hand:predict", json={"instances": [{"b64": b64encode(BLANK).decode()}]})
    assert (answer.status_code, answer.get_json()) == (422, {"error": f"The image: {SENTENCE}"})


def test_error_under_v2_is_a_sentence(web: FlaskClient) -> None:
    tensor = {"name": "images", "shape": [1], "datatype": "BYTES", "data": [b64encode(BLANK).decode()]}
    answer = web.post("/v2/models/hand/infer", json={"inputs": [tensor]})
    assert (answer.status_code, answer.get_json()) == (422, {"error": f"The image: {SENTENCE}"})


def test_several_digits_are_a_warning(web: FlaskClient) -> None:
    pixels = np.full((120, 200), 255, np.uint8)
    pixels[20:100, 45:55] = pixels[20:100, 140:150] = 0
    (one,) = web.post("/predict/hand", data=make_digit_png()).get_json()["predictions"]
    (several,) = web.post("/predict/hand", data=encode_png(pixels)).get_json()["predictions"]
    assert (one.get("warnings"), several["warnings"]) == (None, ["several_digits"])
