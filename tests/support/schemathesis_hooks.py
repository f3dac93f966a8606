"""Schemathesis' hooks: a valid request for a model that is served gets what this model takes.

A schema cannot say which tensors, labels and images fit which model, so what it allows may still be refused with 400.
Invalid requests, and valid ones for models that there are not, stay as they were made.
"""

import random
from base64 import b64encode
from functools import cache
from typing import Any

import requests
import schemathesis
from hypothesis import strategies
from schemathesis import Case, HookContext
from schemathesis.transport.serialization import Binary

from tests.support.pictures import make_png

CLASSIFIER, GENERATOR, LABEL = "digits", "digits-gan", "stable"
_PNG = make_png(0, 3)
_TEXT = b64encode(_PNG).decode()
_QUERIES: list[dict[str, Any]] = [
    {},
    {"seed": 3, "label": "7"},
    {"count": 4, "format": "grid"},
    {"seeds": "3,4", "labels": "7,any", "truncation": 0.5, "format": "json"},
    {"count": 2, "seed": 3, "format": "npy"},
    {"count": 3, "label": "-1", "format": "zip"},
]
_SAMPLES: list[dict[str, Any]] = [
    {},
    {"seed": 3, "labels": "7"},
    {"count": 4, "format": "grid"},
    {"seeds": [3, 4], "labels": ["7", "any"], "truncation": 0.5, "format": "json"},
    {"count": 2, "seed": 3, "labels": [7, -1], "format": "zip"},
]
_WALKS: list[dict[str, Any]] = [
    {},
    {"from": 3, "to": 4, "frames": 2, "label": "7"},
    {"from": 3, "format": "webp", "truncation": 0.5},
    {"to": 3, "frames": 5, "label": "any", "format": "npy"},
]
_COLUMNS = {"seeds": [3, 4], "labels": [7, 7], "truncation": [1.0, 0.5]}
_ROWS = [{"seeds": 3, "labels": 7, "truncation": 1.0}]
_PREDICTS: dict[str, list[Any]] = {
    CLASSIFIER: [{"instances": [{"b64": _TEXT}]}, {"inputs": [{"b64": _TEXT}, {"b64": _TEXT}], "more": None}],
    GENERATOR: [{"instances": _ROWS}, {"inputs": _COLUMNS, "signature_name": "serving_default"}],
}
_TENSORS: dict[str, list[Any]] = {
    CLASSIFIER: [{"name": "images", "shape": [2], "datatype": "BYTES", "data": [_TEXT, _TEXT]}],
    GENERATOR: [
        {"name": "seeds", "shape": [2], "datatype": "INT64", "data": [3, 4]},
        {"name": "labels", "shape": [2], "datatype": "INT32", "data": [7, 7]},
        {"name": "truncation", "shape": [2], "datatype": "FP32", "data": [1.0, 0.5]},
    ],
}


schemathesis.openapi.format("binary", strategies.just(Binary(_PNG)))  # what is sent as bytes is an image


@cache
def list_models(url: str) -> set[str]:
    return {entry["name"] for entry in requests.post(f"{url}/v2/repository/index", timeout=10).json()}


@schemathesis.hook
def map_case(_: HookContext, case: Case) -> Case:
    path = case.operation.path
    name = str(case.path_parameters.get("name", ""))
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if not positive or name not in list_models(str(case.operation.base_url).rstrip("/")):
        return case
    choose = random.Random(repr((case.query, case.body))).choice
    if "{label}" in path:
        case.path_parameters["label"] = LABEL
    if path.startswith(("/predict", "/prepare", "/explain")):
        case.path_parameters["name"] = CLASSIFIER
        if case.query and "label" in case.query:
            case.query["label"] = "7"
        if case.media_type == "application/json":
            case.body = {"instances": [{"b64": _TEXT}]}
    elif path.endswith("/walk"):
        case.path_parameters["name"] = GENERATOR
        case.query = dict(choose(_WALKS))
    elif path.startswith("/generate"):
        case.path_parameters["name"] = GENERATOR
        if case.method == "POST":
            case.body = choose(_SAMPLES)
        else:
            case.query = dict(choose(_QUERIES))
    elif path.endswith(":predict"):
        case.body = choose(_PREDICTS[name])
    elif path.endswith("/infer"):
        _fit_tensors(case, name)
    elif case.query and "signature_name" in case.query:
        case.query["signature_name"] = "serving_default"
    return case


def _fit_tensors(case: Case, name: str) -> None:
    """In JSON; a body of bytes has no binary tensors after its JSON, so its header says nothing either."""
    case.headers.pop("Inference-Header-Content-Length", None)
    body = {"inputs": _TENSORS[name], "id": "one"}
    case.body, case.media_type = body, "application/json"
