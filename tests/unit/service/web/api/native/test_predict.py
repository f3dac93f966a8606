"""`/predict` with a fake engine: the calls it gets, and the responses from its outputs."""

import io
from base64 import b64encode

import numpy as np
import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray
from prometheus_client import REGISTRY

from service.ipc import wire
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, make_handler
from tests.support.pictures import make_png
from tests.unit.service.web.conftest import CATALOG


def make_files(*images: bytes) -> dict[str, object]:
    return {"file": [(io.BytesIO(image), f"{index}.png") for index, image in enumerate(images)]}


def test_image_gets_a_label_and_probabilities(web: FlaskClient) -> None:
    answer = web.post("/predict/echo", data=make_png(7)).get_json()
    (prediction,) = answer.pop("predictions")
    assert answer == {"model": "echo", "version": 2}
    assert (prediction["label"], prediction["probability"]) == ("7", 1.0)
    assert list(prediction["probabilities"]) == list("0123456789")


def test_outlier_score_is_reported_and_counted(web: FlaskClient) -> None:
    def read_sample(suffix: str) -> float:
        labels = {"model": "wary", "version": "1"}
        return REGISTRY.get_sample_value(f"inkpaw_outlier_score_{suffix}", labels) or 0.0

    before = read_sample("count"), read_sample("sum")
    answer = web.post("/predict/wary", data=make_files(make_png(7), make_png(2))).get_json()
    assert [prediction["outlier_score"] for prediction in answer["predictions"]] == [0.7, 0.2]
    assert read_sample("count") - before[0] == 2 and read_sample("sum") - before[1] == pytest.approx(0.9)
    assert "outlier_score" not in web.post("/predict/echo", data=make_png(7)).get_json()["predictions"][0]


def test_predictions_come_in_the_order_sent(web: FlaskClient) -> None:
    answer = web.post("/predict/echo", data=make_files(make_png(3), make_png(1), make_png(2)))
    assert [prediction["label"] for prediction in answer.get_json()["predictions"]] == ["3", "1", "2"]


def test_all_images_of_a_request_are_one_run(web: FlaskClient, engine: FakeEngine) -> None:
    web.post("/predict/echo", data=make_files(make_png(3), make_png(1)))
    (run,) = (call for call in engine.calls if isinstance(call, wire.RunCall))
    assert [(head.name, head.shape) for head in run.tensors] == [("images", (2, 28, 28, 1))]


@pytest.mark.parametrize(("path", "number"), [("", 2), ("/versions/1", 1), ("/versions/2", 2), ("/labels/old", 1)])
def test_path_chooses_the_version(web: FlaskClient, path: str, number: int) -> None:
    assert web.post(f"/predict/echo{path}", data=make_png(7)).get_json()["version"] == number


def test_top_keeps_the_likeliest_labels(web: FlaskClient) -> None:
    (prediction,) = web.post("/predict/echo?top=1", data=make_png(7)).get_json()["predictions"]
    assert prediction["probabilities"] == {"7": 1.0}


@pytest.mark.parametrize("top", ["0", "-1", "x", "1.5", "", "²"])
def test_top_that_is_not_a_positive_number_is_refused(web: FlaskClient, top: str) -> None:
    answer = web.post("/predict/echo", query_string={"top": top}, data=make_png(7))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "bad_request")


def test_error_names_the_bad_image_among_others(web: FlaskClient) -> None:
    answer = web.post("/predict/echo", data=make_files(make_png(3), b"text", make_png(2)))
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "bad_image"
    assert answer.get_json()["error"]["message"].startswith("Image 2 of 3: ")


def test_generator_is_refused_by_predict(web: FlaskClient) -> None:
    assert web.post("/predict/blot", data=make_png(7)).status_code == 400


def test_model_without_a_manifest_is_refused_by_predict(web: FlaskClient) -> None:
    assert web.post("/predict/plain", data=make_png(7)).status_code == 400


def test_loading_model_is_unavailable(web: FlaskClient) -> None:
    answer = web.post("/predict/late", data=make_png(7))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_nan_outputs_are_reported_and_never_null(settings: Settings) -> None:
    def answer_nan(call: wire.Call, arrays: dict[str, NDArray]) -> tuple[wire.Reply, list[NDArray]]:
        reply, outputs = make_handler(CATALOG)(call, arrays)
        return reply, [np.full_like(output, np.nan) for output in outputs]

    with FakeEngine(settings.engine_sockets[0], answer_nan):
        web = create_app(settings).test_client()
        answer = web.post("/predict/echo", data=make_png(7))
        assert (answer.status_code, "NaN" in answer.get_json()["error"]["message"]) == (500, True)
        tensor = {"name": "images", "shape": [1], "datatype": "BYTES", "data": [b64encode(make_png(7)).decode()]}
        output = web.post("/v2/models/echo/infer", json={"inputs": [tensor]}).get_json()["outputs"][0]
        assert output["data"] == ["NaN"] * 10
    assert REGISTRY.get_sample_value("inkpaw_confidence_sum", {"model": "echo", "version": "2"}) >= 0  # type: ignore[operator]
