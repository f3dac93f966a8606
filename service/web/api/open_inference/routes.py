"""The Open Inference Protocol (V2) over HTTP: health, metadata, infer, and the index of the model repository."""

from service.access.scopes import Scope
from service.web.api.open_inference import docs
from service.web.api.open_inference.infer import infer
from service.web.api.open_inference.models import get_metadata, get_ready
from service.web.api.open_inference.repository import get_index
from service.web.api.open_inference.server import get_server, get_server_live, get_server_ready
from service.web.routing import Protocol, Route, message_error_body

PROTOCOL = Protocol("v2", message_error_body, title="Open Inference Protocol")

_MODEL = "/v2/models/<name>"
_VERSION = f"{_MODEL}/versions/<version:version>"

ROUTES = (
    Route(("/v2",), ("GET",), get_server, PROTOCOL, doc=docs.SERVER),
    Route(("/v2/health/live",), ("GET",), get_server_live, PROTOCOL, admission=False, doc=docs.LIVE, scope=Scope.PROBE),
    Route(
        ("/v2/health/ready",), ("GET",), get_server_ready, PROTOCOL, admission=False, doc=docs.READY, scope=Scope.PROBE
    ),
    Route((_MODEL, _VERSION), ("GET",), get_metadata, PROTOCOL, doc=docs.METADATA),
    Route((f"{_MODEL}/ready", f"{_VERSION}/ready"), ("GET",), get_ready, PROTOCOL, doc=docs.MODEL_READY),
    Route((f"{_MODEL}/infer", f"{_VERSION}/infer"), ("POST",), infer, PROTOCOL, fast_path=True, doc=docs.INFER),
    Route(("/v2/repository/index",), ("POST",), get_index, PROTOCOL, doc=docs.INDEX),
)
