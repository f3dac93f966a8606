"""What is served, and where."""

import msgspec

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
    """The models that have a manifest, with the path of each, and the operators' paths.

    `status` is for KServe's clients, which ask here whether a server is alive.
    """
    models = [
        ServedModel(name, version.number, f"/{_VERBS[version.manifest.kind]}/{name}")
        for name, model in request.context.engines.catalog().models.items()
        if (version := model.default) and version.manifest
    ]
    health = ["/livez", "/readyz"]
    return json_response(Index("inkpaw", "alive", models, health, "/metrics", "/docs", "/openapi.json"))
