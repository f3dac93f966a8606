"""The probes of Kubernetes."""

from service.web.health import Live, Ready, check_live, check_ready
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


def get_livez(request: Request, _: ModelSpec) -> Response:
    check_live(request.context)
    return json_response(Live())


def get_readyz(request: Request, _: ModelSpec) -> Response:
    check_ready(request.context)
    return json_response(Ready())
