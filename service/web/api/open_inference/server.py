"""The server itself: what it is, and whether it is alive and ready."""

import msgspec

from service.version import VERSION
from service.web.health import Live, Ready, check_live, check_ready
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_EXTENSIONS = ("binary_tensor_data", "model_repository(index)")


class Server(msgspec.Struct):
    """What the server is, and which extensions of the protocol it has."""

    name: str
    version: str
    extensions: tuple[str, ...]


SERVER = Server("inkpaw", VERSION, _EXTENSIONS)


def get_server(_: Request, __: ModelSpec) -> Response:
    return json_response(SERVER)


def get_server_live(request: Request, _: ModelSpec) -> Response:
    check_live(request.context)
    return json_response(Live())


def get_server_ready(request: Request, _: ModelSpec) -> Response:
    check_ready(request.context)
    return json_response(Ready())
