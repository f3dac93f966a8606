"""What is served, and where."""

from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_VERBS = {"classifier": "predict", "generator": "generate"}


def get_index(request: Request, _: ModelSpec) -> Response:
    """The models that have a manifest, with the path of each, and the operators' paths.

    `status` is for KServe's clients, which ask here whether a server is alive.
    """
    models = [
        {"model": name, "version": version.number, "at": f"/{_VERBS[version.manifest.kind]}/{name}"}
        for name, model in request.context.engines.catalog().models.items()
        if (version := model.default) and version.manifest
    ]
    health = ["/livez", "/readyz"]
    return json_response(
        {"service": "inkpaw", "status": "alive", "models": models, "health": health, "metrics": "/metrics"}
    )
