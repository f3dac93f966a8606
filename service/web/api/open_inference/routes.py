"""The Open Inference Protocol (V2) over HTTP: the infer call."""

from service.errors import InkpawError
from service.web.api.open_inference.infer import infer
from service.web.routing import Protocol, Route


def _error_body(error: InkpawError) -> object:
    return error.message


PROTOCOL = Protocol("v2", _error_body)

_MODEL = "/v2/models/<name>"

ROUTES = (
    Route(
        (f"{_MODEL}/infer", f"{_MODEL}/versions/<version:version>/infer"), ("POST",), infer, PROTOCOL, fast_path=True
    ),
)
