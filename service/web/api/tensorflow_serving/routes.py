"""TensorFlow Serving's REST API: the status call."""

from service.web.api.tensorflow_serving.models import get_status
from service.web.routing import Protocol, Route, message_error_body

PROTOCOL = Protocol("v1", message_error_body)

_MODEL = "/v1/models/<name>"

ROUTES = (
    Route((_MODEL, f"{_MODEL}/versions/<version:version>", f"{_MODEL}/labels/<label>"), ("GET",), get_status, PROTOCOL),
)
