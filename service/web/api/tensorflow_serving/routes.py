"""TensorFlow Serving's REST API: the status call."""

from service.errors import InkpawError
from service.web.api.tensorflow_serving.models import get_status
from service.web.routing import Protocol, Route


def _error_body(error: InkpawError) -> object:
    return error.message


PROTOCOL = Protocol("v1", _error_body)

_MODEL = "/v1/models/<name>"

ROUTES = (
    Route((_MODEL, f"{_MODEL}/versions/<version:version>", f"{_MODEL}/labels/<label>"), ("GET",), get_status, PROTOCOL),
)
