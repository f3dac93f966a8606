"""What is served, and where; for browsers, the playground."""

import contextlib

import msgspec
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from service.errors import DeadlineExceeded, Unavailable
from service.web.playground.files import PAGE, make_file_response
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_VERBS = {"classifier": "predict", "generator": "generate"}


class ServedModel(msgspec.Struct):
    """`version` answers requests that name none; `at` is the path."""

    model: str
    version: int
    at: str


class Index(msgspec.Struct):
    service: str
    status: str
    models: list[ServedModel]
    health: list[str]
    metrics: str
    docs: str
    openapi: str


def get_index(request: Request, _: ModelSpec) -> Response:
    response = make_file_response(request, PAGE) if _prefers_html(request) else _list_models(request)
    response.headers["Vary"] = "Accept"
    return response


def _prefers_html(request: Request) -> bool:
    """Whether the client is a browser: `*/*`, or no Accept at all, gets JSON."""
    accept = parse_accept_header(request.get_header("Accept"), MIMEAccept)
    return accept.quality("text/html") > accept.quality("application/json")


def _list_models(request: Request) -> Response:
    """The models that have a manifest, with the path of each, and the operators' paths.

    `status` is for KServe's clients, which ask here whether a server is alive.
    """
    engines = request.context.engines
    with contextlib.suppress(Unavailable, DeadlineExceeded):
        engines.refresh()  # another worker may have seen a newer catalog; without an engine the last one counts
    models = [
        ServedModel(name, version.number, f"/{_VERBS[version.manifest.kind]}/{name}")
        for name, model in engines.catalog().models.items()
        if (version := model.default) and version.manifest
    ]
    health = ["/livez", "/readyz"]
    return json_response(Index("inkpaw", "alive", models, health, "/metrics", "/docs", "/openapi.json"))
