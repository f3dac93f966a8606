"""`/v1/models/...`: the status call of TensorFlow Serving's REST API."""

from service.catalog import Version
from service.errors import ModelNotFound
from service.web.request import Asked, Reply, Target, json


def status(asked: Asked, target: Target) -> Reply:
    """The state of every version of a model, newest first, or of the one that the path names."""
    name, version, label = target
    model = asked.here.engine.refresh().models.get(name)
    if model is None:
        raise ModelNotFound(f"There is no model '{name}'.")
    wanted = model.labels.get(label, -1) if label is not None else version
    shown = [each for each in model.versions.values() if wanted in (None, each.number)]
    if not shown:
        raise ModelNotFound(f"Model '{name}' has no such version.")
    shown.sort(key=lambda each: each.number, reverse=True)
    return json({"model_version_status": [_entry(each) for each in shown]})


def _entry(version: Version) -> dict[str, object]:
    code = "UNKNOWN" if version.error else "OK"
    return {
        "version": str(version.number),
        "state": version.state,
        "status": {"error_code": code, "error_message": version.error},
    }
