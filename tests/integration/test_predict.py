"""`/predict` of a running service, with images in every request format."""

import io
from base64 import b64encode

import pillow_heif
import pytest
from PIL import Image

from service.images import ImageInput, prepare
from tests.support.hostile_images import make_heif
from tests.support.pictures import make_digit_png, make_png
from tests.support.server import Service

LABELS = (7, 1, 4, 4, 9, 0)


def read_labels(answer: object) -> list[str]:
    assert isinstance(answer, dict)
    return [prediction["label"] for prediction in answer["predictions"]]


def test_raw_bytes_are_one_image(service: Service) -> None:
    answer = service.post("/predict/brittle", make_png(0, 7))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "model": "brittle",
        "version": 1,
        "predictions": [
            {"label": "7", "probability": 1.0, "probabilities": {str(label): float(label == 7) for label in range(10)}}
        ],
    }


def test_many_files_are_answered_in_order(service: Service) -> None:
    files = [("file", (f"{index}.png", io.BytesIO(make_png(0, label)))) for index, label in enumerate(LABELS)]
    answer = service.post("/predict/brittle", files=files)
    assert read_labels(answer.json()) == [str(label) for label in LABELS]


def test_json_instances_are_answered_in_order(service: Service) -> None:
    instances = [{"b64": b64encode(make_png(0, label)).decode()} for label in LABELS]
    answer = service.post("/predict/brittle", json={"instances": instances})
    assert read_labels(answer.json()) == [str(label) for label in LABELS]


def test_more_images_than_a_batch_holds_are_answered_in_order(service: Service) -> None:
    sent = [index % 10 for index in range(100)]
    files = [("file", io.BytesIO(make_png(0, label))) for label in sent]
    assert read_labels(service.post("/predict/brittle", files=files).json()) == [str(label) for label in sent]


def test_every_request_format_gets_the_same_answer(service: Service) -> None:
    expected = service.post("/predict/tiny", make_digit_png()).json()
    assert service.post("/predict/tiny", files={"f": make_digit_png()}).json() == expected
    assert (
        service.post("/predict/tiny", json={"instances": [{"b64": b64encode(make_digit_png()).decode()}]}).json()
        == expected
    )
    probabilities = expected["predictions"][0]["probabilities"]
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert expected["predictions"][0]["probability"] == max(probabilities.values())


def test_image_is_preprocessed_for_the_model(service: Service) -> None:
    """A drawing of any size gets the same answer as the 28 x 28 image that `service.images` makes of it."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(prepare(make_digit_png(), ImageInput(28, 28, 1, "photo"))[..., 0]).save(out, "PNG")
    from_drawing, from_prepared = (
        service.post("/predict/tiny", data).json() for data in (make_digit_png(), out.getvalue())
    )
    assert from_drawing == from_prepared


def test_top_keeps_the_likeliest_labels(service: Service) -> None:
    every_label = service.post("/predict/tiny", make_digit_png()).json()["predictions"][0]["probabilities"]
    top = service.post("/predict/tiny?top=3", make_digit_png()).json()["predictions"][0]["probabilities"]
    assert list(top.values()) == sorted(every_label.values(), reverse=True)[:3]
    assert top.items() <= every_label.items()


def test_path_chooses_the_version(service: Service) -> None:
    assert (
        service.post("/predict/tiny/versions/1", make_digit_png()).json()
        == service.post("/predict/tiny", make_digit_png()).json()
    )


def test_unknown_model_or_version_is_not_found(service: Service) -> None:
    for path in ("/predict/unknown", "/predict/tiny/versions/2", "/predict/tiny/labels/unknown"):
        answer = service.post(path, make_digit_png())
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_wrong_method_is_refused_with_the_allowed_ones(service: Service) -> None:
    answer = service.get("/predict/tiny")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_picture_of_a_phone_is_answered_or_refused_in_words(service: Service) -> None:
    heic = io.BytesIO()
    pillow_heif.from_pillow(Image.linear_gradient("L")).save(heic)
    assert service.post("/predict/tiny", heic.getvalue(), headers={"Content-Type": "image/heic"}).status_code == 200
    cut = service.post("/predict/tiny", heic.getvalue()[:-50])
    assert (cut.status_code, cut.json()["error"]["code"]) == (400, "bad_image")
    large = service.post("/predict/tiny", make_heif((9000, 9000), {}))
    assert (large.status_code, large.json()["error"]["code"]) == (413, "image_too_large")
