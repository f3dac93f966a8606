"""The server itself: what it is, and whether it is alive and ready."""

from service.version import VERSION
from service.web.health import check_live, check_ready
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_EXTENSIONS = ("binary_tensor_data", "model_repository(index)")


def get_server(_: Request, __: ModelSpec) -> Response:
    return json_response({"name": "inkpaw", "version": VERSION, "extensions": _EXTENSIONS})


def get_server_live(request: Request, _: ModelSpec) -> Response:
    check_live(request.context)
    return json_response({"live": True})


def get_server_ready(request: Request, _: ModelSpec) -> Response:
    check_ready(request.context)
    return json_response({"ready": True})
