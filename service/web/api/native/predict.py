"""`POST /predict/<name>`: images to labels and probabilities."""

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.catalog import Version
from service.errors import BadRequest, InkpawError
from service.web.codecs.uploads import read_uploads
from service.web.dataplane import count_predictions, run, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_TOP = re.compile(r"[1-9][0-9]{0,3}")


def predict(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, "classifier", spec, _predict)


def _predict(request: Request, spec: ModelSpec, version: Version) -> Response:
    assert version.manifest is not None
    context, labels = request.context, version.manifest.labels
    top = _read_top(request.args())
    uploads = read_uploads(request.body(), request.content_type, context.settings.max_images)
    images = context.decoder.decode(uploads, version.manifest.image)
    outputs = run(request, spec.name, version, {version.inputs[0].name: images})
    if not all(math.isfinite(output.sum(dtype=np.float64)) for output in outputs.values()):  # one NaN makes the sum NaN
        raise InkpawError("The model's outputs are not numbers for these images: NaN or infinity.")
    best = count_predictions(spec.name, version.number, version.manifest, outputs)
    rows = zip(outputs["probabilities"], best, strict=True)
    predictions = [_to_prediction(labels, row, index, top) for row, index in rows]
    if "outlier_score" in outputs:
        for prediction, score in zip(predictions, outputs["outlier_score"].tolist(), strict=True):
            prediction["outlier_score"] = round(score, 6)
    return json_response({"model": spec.name, "version": version.number, "predictions": predictions})


def _read_top(args: dict[str, str]) -> int | None:
    """`?top=k`: how many labels a prediction lists; None for all."""
    text = args.get("top")
    if text is None:
        return None
    if not _TOP.fullmatch(text):
        raise BadRequest("top must be a whole number, from 1 to 9999.")
    return int(text)


def _to_prediction(labels: Sequence[str], row: NDArray[np.float32], best: int, top: int | None) -> dict[str, object]:
    probabilities = [round(probability, 6) for probability in row.tolist()]
    indices = np.argsort(-row, kind="stable")[:top].tolist() if top else range(len(probabilities))
    return {
        "label": labels[best],
        "probability": probabilities[best],
        "probabilities": {labels[index]: probabilities[index] for index in indices},
    }
