"""`:classify` and `:regress` take tf.Example messages, which a signature must have been made for."""

from service.catalog import Version
from service.errors import BadRequest
from service.web.api.tensorflow_serving.labels import with_known_label
from service.web.dataplane import with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response


@with_known_label
def refuse_classify(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, None, spec, _refuse)


@with_known_label
def refuse_regress(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, None, spec, _refuse)


def _refuse(request: Request, spec: ModelSpec, _: Version) -> Response:
    """400, as TensorFlow Serving answers for a signature of another kind."""
    verb = request.path.rstrip("/").rpartition(":")[2]
    raise BadRequest(f"{verb} is not offered here. Send the inputs to POST /v1/models/{spec.name}:predict.")
