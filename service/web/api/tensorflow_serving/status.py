"""The state of a model's versions: TensorFlow Serving's status call."""

from service.catalog import Version
from service.errors import ModelNotFound
from service.web.api.tensorflow_serving.labels import with_known_label
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


@with_known_label
def get_status(request: Request, spec: ModelSpec) -> Response:
    """The state of every version of a model, newest first, or of the one that the path names.

    `ready` is KServe's: whether a request to this path would be answered.
    """
    name, version, label = spec
    model = request.context.engines.refresh().models.get(name)
    if model is None:
        raise ModelNotFound(f"There is no model '{name}'.")
    number = model.labels.get(label, -1) if label is not None else version
    versions = [version for version in model.versions.values() if number in (None, version.number)]
    if not versions:
        raise ModelNotFound(f"Model '{name}' has no such version.")
    versions.sort(key=lambda version: version.number, reverse=True)
    ready = any(version.state == "AVAILABLE" for version in versions)
    return json_response({"model_version_status": [_to_status(version) for version in versions], "ready": ready})


def _to_status(version: Version) -> dict[str, object]:
    code = "UNKNOWN" if version.error else "OK"
    return {
        "version": str(version.number),
        "state": version.state,
        "status": {"error_code": code, "error_message": version.error},
    }
