"""`/generate` with a fake engine: valid and invalid requests, and the headers of the response."""

import gzip
import io
import json
import re
import zipfile
from typing import Any

import msgspec
import numpy as np
import pytest
from flask.testing import FlaskClient

from service.ipc import wire
from service.settings import Settings
from service.web.api.native.generate_request import MAX_SEED, GenerateRequest
from service.web.app import create_app
from tests.support.engine import FakeEngine


def read_error(answer: Any) -> str:
    """Check that the response is a 4xx of the right shape. Returns its message."""
    assert 400 <= answer.status_code < 500, answer.data
    error = answer.get_json()["error"]
    assert set(error) == {"code", "message"}
    return str(error["message"])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"count": 0}, "At least one"),
        ({"count": -3}, "At least one"),
        ({"seeds": []}, "At least one"),
        ({"count": 9, "format": "npy"}, "at most 8"),
        ({"count": 1 << 62, "format": "npy"}, "at most 8"),
        ({"seeds": list(range(9)), "format": "npy"}, "at most 8"),
        ({"seed": -1}, "from 0"),
        ({"seed": MAX_SEED + 1}, "from 0|range"),
        ({"seed": MAX_SEED, "count": 2, "format": "npy"}, "from 0"),
        ({"seeds": [1], "seed": 1}, "either seeds"),
        ({"seeds": [1, 2], "count": 3, "format": "npy"}, "either seeds"),
        ({"count": 2}, "png holds one"),
        ({"format": "gif"}, "gif"),
        ({"truncation": 0}, "truncation"),
        ({"truncation": 1.5}, "truncation"),
        ({"truncation": "much"}, "truncation"),
        ({"labels": 10}, "no label '10'"),
        ({"labels": "ten"}, "no label 'ten'"),
        ({"labels": [1, 2], "count": 3, "format": "npy"}, "2 labels for 3"),
        ({"labels": []}, "0 labels"),
        ({"labels": True}, "labels"),
        ({"cuont": 3}, "cuont"),
        ({"count": "3"}, "count"),
        ([], "object"),
    ],
    ids=str,
)
def test_invalid_request_is_refused_with_the_reason(web: FlaskClient, body: object, reason: str) -> None:
    assert re.search(reason, read_error(web.post("/generate/blot", json=body)))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_body_larger_than_any_request_needs_is_refused(web: FlaskClient, packed: bool) -> None:
    body = json.dumps({"labels": ["a", "b"] * 8000}).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = web.post("/generate/blot", data=gzip.compress(body) if packed else body, headers=headers)
    assert "65536 bytes, the limit" in read_error(answer)
    assert answer.status_code == 413


def test_body_grows_with_the_samples_that_are_allowed(settings: Settings, engine: FakeEngine) -> None:
    count = 1 << 14
    web = create_app(settings.model_copy(update={"max_images": count})).test_client()
    body = {"labels": ["7"] * count, "seeds": [MAX_SEED] * count, "format": "gif"}
    assert "There is no format" in read_error(web.post("/generate/blot", data=json.dumps(body, indent=4)))


@pytest.mark.parametrize("name", ["labels", "seeds"])
def test_lists_are_bounded(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="65536"):
        msgspec.convert({name: [1] * 65537}, GenerateRequest)


@pytest.mark.parametrize(
    "query",
    ["count=x", "seed=1.5", "seeds=1,x", "truncation=", "colour=red", "label=", "seed=" + "9" * 99, "count=1e3"],
)
def test_invalid_query_is_refused(web: FlaskClient, query: str) -> None:
    read_error(web.get(f"/generate/blot?{query}"))


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_infinite_numbers_are_refused(web: FlaskClient, number: str) -> None:
    read_error(web.post("/generate/blot", data=f'{{"truncation": {number}}}', content_type="application/json"))


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_truncation_must_be_finite(web: FlaskClient, value: str) -> None:
    assert "truncation" in read_error(web.get(f"/generate/blot?truncation={value}"))


def read_input_shapes(engine: FakeEngine) -> dict[str, tuple[int, ...]]:
    """The shapes of the inputs of the only run."""
    (run,) = (call for call in engine.calls if isinstance(call, wire.RunCall))
    return {head.name: head.shape for head in run.tensors}


def test_every_input_has_one_row_per_sample(web: FlaskClient, engine: FakeEngine) -> None:
    web.post("/generate/blot", json={"count": 3, "labels": 7, "format": "npy"})
    assert read_input_shapes(engine) == {"seeds": (3,), "labels": (3,), "truncation": (3,)}


def test_seeds_count_up_from_the_first(web: FlaskClient) -> None:
    answer = web.post("/generate/blot", json={"seed": 40, "count": 3, "format": "json"})
    assert answer.get_json()["seeds"] == [40, 41, 42]
    assert answer.headers["Inkpaw-Seeds"] == "40..42"


def test_query_means_the_same_as_a_body(web: FlaskClient) -> None:
    body = web.post("/generate/blot", json={"seeds": [5, 9], "labels": ["3", -1], "truncation": 0.5, "format": "json"})
    query = web.get("/generate/blot?seeds=5,9&label=3,any&truncation=0.5&format=json")
    assert query.get_json() == body.get_json()
    assert query.headers["ETag"] == body.headers["ETag"]
    assert body.get_json()["labels"] == ["3", "any"]
    assert body.headers["Inkpaw-Seeds"] == "5,9"


def test_random_seed_is_reported_and_not_cacheable(web: FlaskClient) -> None:
    first = web.post("/generate/blot", json={"format": "npy"})
    again = web.get(f"/generate/blot?format=npy&seed={first.headers['Inkpaw-Seeds']}")
    assert again.data == first.data
    assert first.headers["Cache-Control"] == "no-store"
    assert "ETag" not in first.headers


def test_random_seeds_differ(web: FlaskClient) -> None:
    assert len({web.get("/generate/blot").headers["Inkpaw-Seeds"] for _ in range(5)}) == 5


def test_empty_body_asks_for_one_png(web: FlaskClient) -> None:
    answer = web.post("/generate/blot")
    assert (answer.status_code, answer.content_type) == (200, "image/png")


def test_unchanged_image_is_not_generated_again(web: FlaskClient, engine: FakeEngine) -> None:
    first = web.get("/generate/blot?seed=3")
    engine.calls.clear()
    again = web.get("/generate/blot?seed=3", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert engine.calls == []


def test_image_of_a_random_seed_is_always_sent(web: FlaskClient) -> None:
    assert web.get("/generate/blot", headers={"If-None-Match": "*"}).status_code == 200


@pytest.mark.parametrize("other", ["seed=4", "seed=3&label=1", "seed=3&truncation=0.5", "seed=3&format=npy"])
def test_different_request_has_a_different_etag(web: FlaskClient, other: str) -> None:
    tag = web.get("/generate/blot?seed=3").headers["ETag"]
    assert web.get(f"/generate/blot?{other}", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("label", ["7", 7, ["7"], [7]])
def test_label_may_be_a_name_or_an_index_alone_or_in_a_list(web: FlaskClient, label: object) -> None:
    answer = web.post("/generate/blot", json={"labels": label, "format": "json"}).get_json()
    assert answer["labels"] == ["7"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zip_holds_one_file_per_sample_even_if_seeds_repeat(web: FlaskClient) -> None:
    answer = web.post("/generate/blot", json={"seeds": [1, 1, 2], "format": "zip"})
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert len(set(archive.namelist())) == 3


def test_npy_and_json_hold_the_engines_images(web: FlaskClient) -> None:
    array = np.load(io.BytesIO(web.get("/generate/blot?seeds=5,9&format=npy").data))
    assert array[:, 0, 0, 0].tolist() == [5, 9]
    answer = json.loads(web.get("/generate/blot?seeds=5,9&format=json").data)
    assert (answer["model"], answer["version"], len(answer["images"])) == ("blot", 1, 2)


def test_classifier_is_refused_by_generate(web: FlaskClient) -> None:
    assert "no generator" in read_error(web.get("/generate/echo"))
