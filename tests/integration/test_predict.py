"""`/predict` of a running service: every way to send images."""

import io
from base64 import b64encode

import pytest

from service.images import ImageInput, prepare
from tests.support.pictures import digit, told
from tests.support.server import Service

SENT = (7, 1, 4, 4, 9, 0)


def labels(answer: object) -> list[str]:
    assert isinstance(answer, dict)
    return [each["label"] for each in answer["predictions"]]


def test_raw_bytes_are_one_image(service: Service) -> None:
    answer = service.post("/predict/brittle", told(0, 7))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "model": "brittle",
        "version": 1,
        "predictions": [
            {"label": "7", "probability": 1.0, "probabilities": {str(at): float(at == 7) for at in range(10)}}
        ],
    }


def test_many_files_are_answered_in_order(service: Service) -> None:
    files = [("file", (f"{at}.png", io.BytesIO(told(0, label)))) for at, label in enumerate(SENT)]
    answer = service.post("/predict/brittle", files=files)
    assert labels(answer.json()) == [str(label) for label in SENT]


def test_json_instances_are_answered_in_order(service: Service) -> None:
    instances = [{"b64": b64encode(told(0, label)).decode()} for label in SENT]
    answer = service.post("/predict/brittle", json={"instances": instances})
    assert labels(answer.json()) == [str(label) for label in SENT]


def test_more_images_than_a_batch_holds_are_answered_in_order(service: Service) -> None:
    sent = [at % 10 for at in range(100)]
    files = [("file", io.BytesIO(told(0, label))) for label in sent]
    assert labels(service.post("/predict/brittle", files=files).json()) == [str(label) for label in sent]


def test_every_way_to_send_an_image_gets_the_same_answer(service: Service) -> None:
    one = service.post("/predict/tiny", digit()).json()
    assert service.post("/predict/tiny", files={"f": digit()}).json() == one
    assert service.post("/predict/tiny", json={"instances": [{"b64": b64encode(digit()).decode()}]}).json() == one
    shares = one["predictions"][0]["probabilities"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    assert one["predictions"][0]["probability"] == max(shares.values())


def test_a_picture_is_brought_to_the_models_own_form(service: Service) -> None:
    """A drawing of any size is answered as the 28x28 image is that `service.images` makes of it."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(prepare(digit(), ImageInput(28, 28, 1, "digit"))[..., 0]).save(out, "PNG")
    drawn, small = (service.post("/predict/tiny", data).json() for data in (digit(), out.getvalue()))
    assert drawn == small


def test_top_keeps_the_likeliest(service: Service) -> None:
    every = service.post("/predict/tiny", digit()).json()["predictions"][0]["probabilities"]
    top = service.post("/predict/tiny?top=3", digit()).json()["predictions"][0]["probabilities"]
    assert list(top.items()) == sorted(every.items(), key=lambda item: -item[1])[:3]


def test_path_chooses_the_version(service: Service) -> None:
    assert service.post("/predict/tiny/versions/1", digit()).json() == service.post("/predict/tiny", digit()).json()


def test_unknown_model_or_version_is_not_found(service: Service) -> None:
    for path in ("/predict/unheard", "/predict/tiny/versions/2", "/predict/tiny/labels/unheard"):
        answer = service.post(path, digit())
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_wrong_method_is_refused_with_the_allowed_ones(service: Service) -> None:
    answer = service.get("/predict/tiny")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]
