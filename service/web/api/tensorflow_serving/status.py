"""The state of a model's versions: TensorFlow Serving's status call."""

import msgspec

from service.catalog import State, Version
from service.errors import ModelNotFound
from service.web.api.tensorflow_serving.labels import with_known_label
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


class Status(msgspec.Struct):
    """`error_code` is `OK` or `UNKNOWN`."""

    error_code: str
    error_message: str


class VersionStatus(msgspec.Struct, omit_defaults=True):
    """`runtime` is what runs a version that answers: `litert`, `tensorflow`, or both with a plus between."""

    version: str
    state: State
    status: Status
    runtime: str = ""


class ModelStatus(msgspec.Struct):
    """Newest first. `ready` is whether a request to this path would be answered."""

    model_version_status: list[VersionStatus]
    ready: bool


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
    return json_response(ModelStatus([_to_status(version) for version in versions], ready))


def _to_status(version: Version) -> VersionStatus:
    status = Status("UNKNOWN" if version.error else "OK", version.error)
    return VersionStatus(str(version.number), version.state, status, version.runtime)
