"""The fast path gives the same responses as Flask."""

import time

import pytest
from flask.testing import FlaskClient
from gevent import socket

from service.settings import Settings
from service.web.app import App, create_app
from service.web.response import Response
from service.web.server import fast_path
from service.web.server.connection import Body, Connection
from tests.support.engine import FakeEngine
from tests.support.pictures import make_png


@pytest.fixture
def app(settings: Settings) -> App:
    return create_app(settings)


def post(app: App, path: str, body: bytes, content_type: str) -> Response:
    """Send a request over a connection and answer it by the fast path."""
    ours, client = socket.socketpair()
    with ours, client:
        connection = Connection(ours)
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body[: 1 << 14])
        assert connection.wait()
        message = connection.read_message()
        message.parts.append(body[1 << 14 :])
        match = app.router.match(message.head.path)
        assert match is not None and fast_path.takes(match, "POST")
        return fast_path.answer(
            match, message.head, Body(connection, message), app.context, connection.client, time.monotonic()
        )


@pytest.mark.parametrize(
    ("path", "method", "fast"),
    [
        ("/predict/digits", "POST", True),
        ("/v2/models/digits/infer", "POST", True),
        ("/predict/digits", "GET", False),
        ("/predict/digits", "OPTIONS", False),
        ("/generate/digits-gan", "POST", False),
        ("/livez", "GET", False),
        ("/nothing", "POST", False),
    ],
)
def test_marked_routes_take_the_fast_path(app: App, path: str, method: str, fast: bool) -> None:
    assert fast_path.takes(app.router.match(path), method) is fast


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/predict/echo", make_png(7), "image/png"),
        ("/predict/echo?top=1&top=3", make_png(7), ""),
        ("/predict/echo/labels/old", make_png(2), "image/png"),
        ("/predict/echo?top=none", make_png(7), "image/png"),
        ("/predict/unknown", make_png(7), "image/png"),
        ("/predict/blot", make_png(7), "image/png"),
        ("/predict/echo", b"text", "text/plain"),
        ("/predict/echo", bytes((1 << 20) + 1), "image/png"),
        ("/predict/echo", b'{"instances": []}', "application/json; charset=utf-8"),
    ],
)
def test_fast_path_and_flask_give_the_same_response(
    app: App, engine: FakeEngine, web: FlaskClient, path: str, body: bytes, content_type: str
) -> None:
    by_flask = web.post(path, data=body, content_type=content_type)
    response = post(app, path, body, content_type)
    assert (response.status, response.body, response.content_type) == (
        by_flask.status_code,
        by_flask.data,
        by_flask.content_type,
    )
