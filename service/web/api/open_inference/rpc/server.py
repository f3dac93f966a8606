"""The server itself: what it is, and whether it is alive and ready."""

from collections.abc import Callable

import msgspec

from service.errors import Unavailable
from service.web.api.open_inference.rpc.inference_pb2 import (
    ServerLiveResponse,
    ServerMetadataResponse,
    ServerReadyResponse,
)
from service.web.api.open_inference.server import SERVER
from service.web.context import Context
from service.web.health import check_live, check_ready
from service.web.request import ModelSpec, Request
from service.web.response import Response


def get_metadata(_: Request, __: ModelSpec) -> Response:
    return Response(ServerMetadataResponse(**msgspec.to_builtins(SERVER)).SerializeToString())


def get_live(request: Request, _: ModelSpec) -> Response:
    return Response(ServerLiveResponse(live=_passes(check_live, request.context)).SerializeToString())


def get_ready(request: Request, _: ModelSpec) -> Response:
    return Response(ServerReadyResponse(ready=_passes(check_ready, request.context)).SerializeToString())


def _passes(check: Callable[[Context], None], context: Context) -> bool:
    try:
        check(context)
    except Unavailable:
        return False
    return True
