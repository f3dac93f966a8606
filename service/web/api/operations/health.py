"""The probes of Kubernetes."""

from service.web.health import check_live, check_ready
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


def get_livez(request: Request, _: ModelSpec) -> Response:
    check_live(request.context)
    return json_response({"live": True})


def get_readyz(request: Request, _: ModelSpec) -> Response:
    check_ready(request.context)
    return json_response({"ready": True})
