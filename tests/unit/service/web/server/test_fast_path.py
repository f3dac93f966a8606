"""The short way past Flask: the same answers, by fewer steps, and nothing taken that Flask should look at."""

import io

import pytest
from flask.testing import FlaskClient

from service.settings import Settings
from service.web import context
from service.web.app import create_app
from service.web.request import Reply, Target
from service.web.server import fast_path as short
from tests.support.engine import FakeEngine
from tests.support.pictures import told


def called(path: str, length: int, query: str = "", **headers: str) -> short.Call | None:
    fields = {"Host": "here", "Content-Length": length} | {name.replace("_", "-"): v for name, v in headers.items()}
    lines = [f"POST {path}{'?' + query if query else ''} HTTP/1.1", *(f"{name}: {v}" for name, v in fields.items())]
    return short.call("\r\n".join([*lines, "", ""]).encode())


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/predict/digits", Target("digits")),
        ("/predict/digits/versions/12", Target("digits", version=12)),
        ("/predict/cats-dogs/labels/canary", Target("cats-dogs", label="canary")),
        ("/v2/models/digits/infer", Target("digits")),
        ("/v2/models/digits/versions/3/infer", Target("digits", version=3)),
        ("/v2/models/digits", None),
        ("/predict/", None),
        ("/predict", None),
        ("/predict/a/", None),
        ("/predict/a/versions/-1", None),
        ("/predict/a/versions/x", None),
        ("/predict/a/labels/", None),
        ("/predict/a/other/1", None),
        ("/predict/a%20b", None),
        ("/generate/digits-gan", None),
        ("/", None),
    ],
)
def test_only_a_plain_path_goes_the_short_way(path: str, target: Target | None) -> None:
    found = short.find(path)
    assert (found and found[1]) == target


@pytest.mark.parametrize(
    ("path", "query", "body", "kind"),
    [
        ("/predict/echo", "", told(7), "image/png"),
        ("/predict/echo", "top=1&top=3", told(7), ""),
        ("/predict/echo/labels/old", "", told(2), "image/png"),
        ("/predict/echo", "top=none", told(7), "image/png"),
        ("/predict/unheard", "", told(7), "image/png"),
        ("/predict/blot", "", told(7), "image/png"),
        ("/predict/echo", "", b"text", "text/plain"),
        ("/predict/echo", "", bytes((1 << 20) + 1), "image/png"),
        ("/predict/echo", "", b'{"instances": []}', "application/json; charset=utf-8"),
    ],
)
def test_both_ways_give_the_same_answer(
    settings: Settings, engine: FakeEngine, web: FlaskClient, path: str, query: str, body: bytes, kind: str
) -> None:
    by_flask = web.post(path, query_string=query, data=body, content_type=kind)
    here = context.of(create_app(settings))
    call = called(path, len(body), query, content_type=kind)
    assert call is not None
    reply = short.reply_to(call, io.BytesIO(body), here, None)
    assert (reply.status, reply.body, reply.content_type) == (
        by_flask.status_code,
        by_flask.data,
        by_flask.content_type,
    )


def test_one_who_waits_to_be_told_to_go_on_is_left_to_gunicorn() -> None:
    assert called("/predict/echo", 7, expect="100-continue") is None


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("status", [200, 400, 499, 503])
def test_a_reply_is_written_whole(status: int, keep: bool) -> None:
    head, _, body = short.whole(Reply(b"body", status, headers={"Retry-After": "1"}), keep).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    fields = dict(line.split(": ") for line in lines)
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert (fields["Content-Length"], fields["Retry-After"], body) == ("4", "1", b"body")
    assert fields["Connection"] == ("keep-alive" if keep else "close")
    assert fields["Date"].endswith("GMT")
