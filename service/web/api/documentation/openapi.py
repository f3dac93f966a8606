"""The OpenAPI document of all routes, made when it is first asked for."""

from collections.abc import Callable
from functools import cached_property

import msgspec

from service.web.openapi.document import build_document
from service.web.request import ModelSpec, Request
from service.web.response import Response
from service.web.routing import Route


class OpenApi:
    def __init__(self, get_routes: Callable[[], tuple[Route, ...]]) -> None:
        self._get_routes = get_routes

    @cached_property
    def _body(self) -> bytes:
        return msgspec.json.encode(build_document(self._get_routes()))

    def get_document(self, _: Request, __: ModelSpec) -> Response:
        return Response(self._body)
