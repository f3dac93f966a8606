"""The Open Inference Protocol (V2) over HTTP: the infer call."""

from service.web.api.open_inference.infer import infer
from service.web.routing import Protocol, Route, message_error_body

PROTOCOL = Protocol("v2", message_error_body)

_MODEL = "/v2/models/<name>"

ROUTES = (
    Route(
        (f"{_MODEL}/infer", f"{_MODEL}/versions/<version:version>/infer"), ("POST",), infer, PROTOCOL, fast_path=True
    ),
)
