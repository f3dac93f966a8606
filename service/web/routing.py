"""Which path is whose, and Flask's way to each handler."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request

from service.web import context
from service.web import error_response as failures
from service.web.api.native import generate, predict
from service.web.api.open_inference import infer as v2
from service.web.api.operations import health
from service.web.api.tensorflow_serving import models as v1
from service.web.dispatch import answer
from service.web.request import Asked, Handler, Reply, Target, protocol

_OF_A_MODEL: list[tuple[str, Handler, list[str]]] = [
    ("/predict", predict.predict, ["POST"]),
    ("/generate", generate.generate, ["GET", "POST"]),
    ("/v1/models", v1.status, ["GET"]),
]
_OF_THE_SERVICE: list[tuple[str, Handler]] = [
    ("/", health.index),
    ("/livez", health.livez),
    ("/readyz", health.readyz),
    ("/metrics", health.metrics),
]


def install(app: Flask) -> None:
    """Every path; below a model's name its versions and labels."""
    for start, handler, methods in _OF_A_MODEL:
        view = _view(handler)
        for rest in ("", "/versions/<int:version>", "/labels/<label>"):
            app.add_url_rule(f"{start}/<name>{rest}", start, view, methods=methods)
    infer = _view(v2.infer)
    for rest in ("", "/versions/<int:version>"):
        app.add_url_rule(f"/v2/models/<name>{rest}/infer", "infer", infer, methods=["POST"])
    for path, handler in _OF_THE_SERVICE:
        app.add_url_rule(path, path, _view(handler))
    app.register_error_handler(Exception, _failed)


def _view(handler: Handler) -> Callable[..., Response]:
    def view(**path: Any) -> Response:
        return _response(answer(_asked(), handler, Target(**path)))

    return view


def _asked() -> Asked:
    sock = request.environ.get("gunicorn.socket")
    return Asked(
        here=context.of(current_app),
        path=request.path,
        method=request.method,
        query=request.query_string.decode("latin-1"),
        content_type=request.headers.get("Content-Type", ""),
        length=request.content_length,
        header=request.headers.get,
        stream=request.stream,
        caller=sock.fileno() if sock else None,
    )


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.headers, content_type=reply.content_type)


def _failed(error: Exception) -> Response:
    """What no handler has met: a path or a method that there is not."""
    return _response(failures.failed(error, protocol(request.path)))
