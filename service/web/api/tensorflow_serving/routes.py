"""TensorFlow Serving's REST API: predict, and the status and metadata of a model."""

from service.errors import BadRequest
from service.web.api.tensorflow_serving import docs
from service.web.api.tensorflow_serving.metadata import get_metadata
from service.web.api.tensorflow_serving.not_offered import refuse_classify, refuse_regress
from service.web.api.tensorflow_serving.predict import predict
from service.web.api.tensorflow_serving.status import get_status
from service.web.route_doc import RouteDoc
from service.web.routing import Endpoint, Protocol, Route, message_error_body

PROTOCOL = Protocol(
    "v1",
    message_error_body,
    unmatched=BadRequest,  # it has no 404 for paths
    title="TensorFlow Serving's REST API",
)

_MODEL = "/v1/models/<plain:name>"
_SERVABLES = (_MODEL, f"{_MODEL}/versions/<version:version>", f"{_MODEL}/labels/<plain:label>")


def _make_route(suffix: str, method: str, endpoint: Endpoint, doc: RouteDoc, fast_path: bool = False) -> Route:
    rules = tuple(f"{servable}{suffix}" for servable in _SERVABLES)
    return Route(rules, (method,), endpoint, PROTOCOL, fast_path=fast_path, doc=doc)


ROUTES = (
    _make_route("", "GET", get_status, docs.STATUS),
    _make_route("/metadata", "GET", get_metadata, docs.METADATA),
    _make_route(":predict", "POST", predict, docs.PREDICT, fast_path=True),
    _make_route(":classify", "POST", refuse_classify, docs.NOT_OFFERED),
    _make_route(":regress", "POST", refuse_regress, docs.NOT_OFFERED),
)
