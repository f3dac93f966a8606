"""The index of the model repository: the protocol's extension, to read only. Versions come and go by their folders."""

import msgspec

from service.catalog import State
from service.web.body import parse_json
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_STATES: dict[State, str] = {
    "START": "LOADING",
    "LOADING": "LOADING",
    "AVAILABLE": "READY",
    "UNLOADING": "UNLOADING",
    "END": "UNAVAILABLE",
}


class IndexRequest(msgspec.Struct):
    """`ready` lists only what answers."""

    ready: bool = False


class IndexEntry(msgspec.Struct):
    """A version; `reason` says why it does not answer."""

    name: str
    version: str
    state: str
    reason: str


def get_index(request: Request, _: ModelSpec) -> Response:
    wanted = parse_json(request.body() or b"{}", IndexRequest)
    return json_response(list_versions(request, wanted.ready))


def list_versions(request: Request, only_ready: bool) -> list[IndexEntry]:
    """Every version of every model, or only what answers. Raises Unavailable."""
    return [
        IndexEntry(name, str(number), _STATES[version.state], version.error)
        for name, model in request.context.engines.refresh().models.items()
        for number, version in model.versions.items()
        if version.state == "AVAILABLE" or not only_ready
    ]
