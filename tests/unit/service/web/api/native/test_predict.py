"""`/predict` with a fake engine: the calls it gets, and the responses from its outputs."""

import io
from base64 import b64encode

import numpy as np
import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray
from PIL import Image
from prometheus_client import REGISTRY

from service.ipc import wire
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, make_handler
from tests.support.hostile_images import save
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


def test_truncated_jpeg_has_a_warning_and_others_have_none(web: FlaskClient) -> None:
    whole = save(Image.linear_gradient("L"), "JPEG")
    answer = web.post("/predict/echo", data=make_files(whole, whole[:-2], make_png(2)))
    warnings = [prediction.get("warnings") for prediction in answer.get_json()["predictions"]]
    assert warnings == [None, ["truncated"], None]


def test_request_for_too_many_pixels_beside_others_is_unavailable(settings: Settings, engine: FakeEngine) -> None:
    app = create_app(settings)
    share = app.context.decoder.budget.open_share()
    share.take(4 * settings.max_image_pixels)
    large = save(Image.new("L", (900, 900)), "PNG")
    answer = app.test_client().post("/predict/echo", data=large)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.get_json()["error"]["code"] == "overloaded"
    share.release()
    assert app.test_client().post("/predict/echo", data=large).status_code == 200


def test_answered_request_gives_its_body_back_to_the_budget(settings: Settings, engine: FakeEngine) -> None:
    app = create_app(settings)
    for body in (make_png(7) + bytes(100_000), bytes(100_000)):
        app.test_client().post("/predict/echo", data=body)
        assert app.context.body_budget.in_use == 0
    share = app.context.body_budget.open_share()
    share.take(4 * settings.max_body_bytes)
    assert app.test_client().post("/predict/echo", data=bytes(100_000)).status_code == 503
    assert app.test_client().post("/predict/echo", data=make_png(7)).status_code == 200, "small bodies are let in"


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
