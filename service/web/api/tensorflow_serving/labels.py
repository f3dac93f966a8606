"""A label that a model does not have: 400 in TensorFlow Serving, where an unknown version is 404."""

from functools import wraps

from service.errors import BadRequest, ModelNotFound
from service.web.request import ModelSpec, Request
from service.web.response import Response
from service.web.routing import Endpoint


def with_known_label(endpoint: Endpoint) -> Endpoint:
    @wraps(endpoint)
    def call(request: Request, spec: ModelSpec) -> Response:
        try:
            return endpoint(request, spec)
        except ModelNotFound:
            model = request.context.engines.catalog().models.get(spec.name)
            if spec.label is not None and model is not None and spec.label not in model.labels:
                raise BadRequest(f"Model '{spec.name}' has no label '{spec.label}'.") from None
            raise

    return call
