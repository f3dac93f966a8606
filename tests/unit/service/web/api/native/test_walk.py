"""`/generate/<name>/walk`: frames between two seeds."""

import io

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageSequence

from service.ipc import wire
from tests.support.engine import FakeEngine

PATH = "/generate/walker/walk"


def read_frames(data: bytes) -> list[int]:
    """The first pixel of each frame."""
    with Image.open(io.BytesIO(data)) as image:
        return [int(np.asarray(frame.convert("L"))[0, 0]) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize(("query", "content_type"), [("", "image/png"), ("&format=webp", "image/webp")])
def test_animation_goes_from_one_end_to_the_other(web: FlaskClient, query: str, content_type: str) -> None:
    answer = web.get(f"{PATH}?from=3&to=9&frames=5{query}")
    assert (answer.content_type, answer.headers["Inkpaw-Seeds"]) == (content_type, "3,9")
    assert read_frames(answer.data) == [0, 25, 50, 75, 100]
    with Image.open(io.BytesIO(answer.data)) as image:
        assert image.info["loop"] == 0


def test_npy_holds_every_frame(web: FlaskClient, engine: FakeEngine) -> None:
    frames = np.load(io.BytesIO(web.get(f"{PATH}?from=3&to=9&frames=3&format=npy&label=7").data))
    assert (frames.shape, frames[:, 0, 0, 0].tolist()) == ((3, 28, 28, 1), [0, 50, 100])
    (run,) = (call for call in engine.calls if isinstance(call, wire.RunCall))
    assert {head.name: head.shape for head in run.tensors} == dict.fromkeys(
        ("seeds_from", "seeds_to", "position", "labels", "truncation"), (3,)
    )


def test_seeds_that_are_not_given_are_drawn_and_the_walk_is_not_kept(web: FlaskClient) -> None:
    answer = web.get(f"{PATH}?from=3&frames=2")
    start, end = answer.headers["Inkpaw-Seeds"].split(",")
    assert start == "3" and end.isdecimal()
    assert answer.headers["Cache-Control"] == "no-store" and "ETag" not in answer.headers


def test_unchanged_walk_is_not_made_again(web: FlaskClient, engine: FakeEngine) -> None:
    first = web.get(f"{PATH}?from=3&to=9&frames=2")
    engine.calls.clear()
    again = web.get(f"{PATH}?from=3&to=9&frames=2", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, engine.calls) == (304, b"", [])
    for other in ("from=4&to=9", "from=3&to=8", "from=3&to=9&label=1", "from=3&to=9&format=webp"):
        query = f"{PATH}?{other}&frames=2"
        assert web.get(query, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("frames=1", 400, "at least 2 frames"),
        ("frames=9", 413, "at most 8"),
        ("frames=x", 400, "The query"),
        ("from=-1", 400, "from 0"),
        (f"to={1 << 63}", 400, "from 0"),
        ("truncation=0", 400, "truncation"),
        ("frames=65", 413, "at most 8"),
        ("label=ten", 400, "no label 'ten'"),
        ("format=gif", 400, "There are: png, webp, npy"),
        ("seed=3", 400, "seed"),
    ],
)
def test_walk_that_makes_no_sense_is_refused(web: FlaskClient, query: str, status: int, words: str) -> None:
    answer = web.get(f"{PATH}?{query}")
    assert answer.status_code == status and words in answer.get_json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("blot", 404, "not_offered"), ("echo", 400, "bad_request"), ("nothing", 404, "model_not_found")],
)
def test_model_that_cannot_walk_says_so(web: FlaskClient, name: str, status: int, code: str) -> None:
    answer = web.get(f"/generate/{name}/walk?frames=2")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
