"""`/explain`: the map of a label, as numbers or over the image."""

import io

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.support.pictures import encode_png, make_bomb, make_digit_png, make_png

PICTURE = encode_png(np.full((20, 40, 3), 3, np.uint8))  # of class 3, as the fake engine has it


def read_png(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_json_holds_the_map_of_the_likeliest_label(web: FlaskClient) -> None:
    answer = web.post("/explain/seer/labels/whole?format=json", data=PICTURE)
    assert answer.get_json() == {
        "model": "seer",
        "version": 1,
        "label": "3",
        "probability": 1.0,
        "map": [[3.0, 0.0], [0.0, 0.0]],
    }


def test_another_label_has_its_own_map(web: FlaskClient) -> None:
    answer = web.post("/explain/seer/versions/1?format=json&label=5", data=PICTURE).get_json()
    assert (answer["label"], answer["probability"], answer["map"]) == ("5", 0.0, [[0.0, 0.0], [0.0, 0.0]])


def test_map_lies_over_the_whole_photograph_in_its_own_proportions(web: FlaskClient) -> None:
    answer = web.post("/explain/seer/versions/1", data=PICTURE)
    assert (answer.mimetype, answer.headers["Inkpaw-Version"]) == ("image/png", "1")
    shown = read_png(answer.data)
    height, width, _ = shown.shape
    assert width == 2 * height >= 200, "small pictures are enlarged"
    hot, cold = shown[: height // 4, : width // 4].mean(axis=(0, 1)), shown[-9:, -9:].mean(axis=(0, 1))
    assert hot[0] > cold[0] + 50, "the first place is hot"


def test_ends_that_the_model_does_not_get_have_no_colour(web: FlaskClient) -> None:
    shown = read_png(web.post("/explain/seer/versions/1", data=encode_png(np.full((100, 400, 3), 3, np.uint8))).data)
    assert np.ptp(shown[:, :130], axis=2).max() == 0, "grey as the picture"
    assert np.ptp(shown[:, 140:260], axis=2).min() > 0


def test_map_of_a_turned_photograph_lies_over_the_upright_one(web: FlaskClient) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1200, 600)).save(file, "JPEG", exif=exif)
    assert read_png(web.post("/explain/seer/versions/1", data=file.getvalue()).data).shape == (512, 256, 3)


def test_where_the_treatment_crops_the_map_lies_over_what_the_model_gets(web: FlaskClient) -> None:
    assert read_png(web.post("/explain/seer/versions/2", data=make_digit_png()).data).shape == (224, 224, 3)


def test_warnings_are_those_of_a_prediction(web: FlaskClient) -> None:
    pixels = np.full((120, 200), 255, np.uint8)
    pixels[20:100, 45:55] = pixels[20:100, 140:150] = 0
    answers = [
        web.post(path, data=encode_png(pixels)).get_json() for path in ("/explain/seer?format=json", "/predict/seer")
    ]
    assert answers[0]["warnings"] == answers[1]["predictions"][0]["warnings"] == ["several_digits"]


@pytest.mark.parametrize(
    ("accept", "query", "content_type"),
    [
        ("*/*", "", "image/png"),
        ("image/*", "", "image/png"),
        ("application/json", "", "application/json"),
        ("image/png,application/json;q=0.5", "", "image/png"),
        ("image/png", "?format=json", "application/json"),
        ("application/json", "?format=png", "image/png"),
    ],
)
def test_format_or_else_accept_chooses(web: FlaskClient, accept: str, query: str, content_type: str) -> None:
    answer = web.post(f"/explain/seer/versions/1{query}", data=PICTURE, headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (200, content_type)


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "words"),
    [
        ("echo", PICTURE, 404, "not_offered", "no signature 'explain'"),
        ("blot", PICTURE, 400, "bad_request", "no classifier"),
        ("nothing", PICTURE, 404, "model_not_found", "no model 'nothing'"),
        ("seer?label=cat", PICTURE, 400, "bad_request", "There are: 0, 1"),
        ("seer?format=gif", PICTURE, 400, "bad_request", "There are: png, json"),
        ("seer", b"no image", 400, "bad_image", "The image"),
        ("seer", make_bomb(), 413, "image_too_large", ""),
    ],
)
def test_what_cannot_be_explained_is_refused(
    web: FlaskClient, path: str, body: bytes, status: int, code: str, words: str
) -> None:
    answer = web.post(f"/explain/{path}", data=body)
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"]) == (status, code) and words in error["message"]


def test_several_images_are_refused(web: FlaskClient) -> None:
    files = {"file": [(io.BytesIO(make_png(number)), f"{number}.png") for number in range(2)]}
    answer = web.post("/explain/seer", data=files)
    assert answer.get_json()["error"]["message"] == "A map is of one image; the request holds 2."
