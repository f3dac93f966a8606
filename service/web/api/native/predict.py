"""`POST /predict/<name>`: images to labels and probabilities."""

import math
import re
from collections.abc import Sequence
from itertools import chain

import msgspec

from service.catalog import Version
from service.errors import BadRequest, InkpawError
from service.web.codecs.uploads import read_uploads
from service.web.dataplane import count_predictions, decode, run, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


class Prediction(msgspec.Struct):
    """What an image shows. `outlier_score` is there if the model has one: how unlike its training images this one is.
    `warnings` has `truncated` for a picture that lacks its last bytes, and `several_digits` where the largest of
    them is read.

    `probabilities` are in the order of the classes; with `top`, the likeliest first.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    outlier_score: float | msgspec.UnsetType = msgspec.UNSET
    warnings: list[str] | msgspec.UnsetType = msgspec.UNSET


class Predictions(msgspec.Struct):
    """One prediction per image, in the order sent."""

    model: str
    version: int
    predictions: list[Prediction]


_TOP = re.compile(r"[1-9][0-9]{0,3}")


def predict(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, "classifier", spec, _predict)


def _predict(request: Request, spec: ModelSpec, version: Version) -> Response:
    assert version.manifest is not None
    labels = version.manifest.labels
    top = _read_top(request.args())
    uploads = read_uploads(request.body(), request.content_type, request.context.settings.max_images)
    images = decode(request, uploads, version.manifest)
    outputs = run(request, spec.name, version, {version.inputs[0].name: images.pixels})
    rows = outputs["probabilities"].tolist()
    scores = outputs["outlier_score"].tolist() if "outlier_score" in outputs else []
    if not all(map(math.isfinite, chain(*rows, scores))):
        raise InkpawError("The model's outputs are not numbers for these images: NaN or infinity.")
    best = count_predictions(spec.name, version.number, version.manifest, outputs)
    predictions = [_to_prediction(labels, row, index, top) for row, index in zip(rows, best, strict=True)]
    for prediction, score in zip(predictions, scores, strict=False):
        prediction.outlier_score = round(score, 6)
    for index, warnings in images.warnings.items():
        predictions[index].warnings = list(warnings)
    return json_response(Predictions(spec.name, version.number, predictions))


def _read_top(args: dict[str, str]) -> int | None:
    """`?top=k`: how many labels a prediction lists; None for all."""
    text = args.get("top")
    if text is None:
        return None
    if not _TOP.fullmatch(text):
        raise BadRequest("top must be a whole number, from 1 to 9999.")
    return int(text)


def _to_prediction(labels: Sequence[str], row: list[float], best: int, top: int | None) -> Prediction:
    probabilities = [round(probability, 6) for probability in row]
    indices = sorted(range(len(row)), key=row.__getitem__, reverse=True)[:top] if top else range(len(row))
    named = {labels[index]: probabilities[index] for index in indices}
    return Prediction(labels[best], probabilities[best], named)
