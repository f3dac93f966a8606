"""`:classify` and `:regress` take tf.Example messages, which a signature must have been made for."""

from service.catalog import Version
from service.errors import NotFound
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
    """404 for every model: nothing is wrong with the request, which 400 would say."""
    verb = request.path.rstrip("/").rpartition(":")[2]
    raise NotFound(f"{verb} is not offered here. Send the inputs to POST /v1/models/{spec.name}:predict.")
