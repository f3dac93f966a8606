"""`/predict/<name>`: images in, a label and probabilities for each out."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from flask import Blueprint, Response, request
from numpy.typing import NDArray

from service import metrics
from service.catalog import Version
from service.errors import BadRequest, InkpawError
from service.images import prepare
from service.manifest import ImageInput, Manifest
from service.web.bodies import Upload, uploads
from service.web.context import answered, body, context, json, run

blueprint = Blueprint("predict", __name__)

_WORTH_SHARING = 8  # images; fewer are decoded sooner than shared out
_WORTH_A_THREAD = 1 << 15  # bytes; while as many are decoded, the worker's other requests should not wait


@blueprint.post("/predict/<name>")
@blueprint.post("/predict/<name>/versions/<int:version>")
@blueprint.post("/predict/<name>/labels/<label>")
def predict(name: str, version: int | None = None, label: str | None = None) -> Response:
    return answered(name, "classifier", version, label, partial(_predict, name, _top()))


def _predict(name: str, top: int | None, found: Version) -> Response:
    here = context()
    assert found.manifest is not None
    sent = uploads(body(), request, here.settings.max_images)
    images = images_of(sent, found.manifest.image)
    outputs = run(name, found, {found.inputs[0].name: images})
    probabilities = outputs["probabilities"]
    _count(name, found.number, found.manifest, probabilities)
    answers = [_answer(found.manifest.labels, row, top) for row in probabilities]
    if "outlier_score" in outputs:
        _add_outliers(name, found.number, answers, outputs["outlier_score"])
    return json({"model": name, "version": found.number, "predictions": answers})


def _top() -> int | None:
    """The `?top=k` of the request: how many labels an answer lists."""
    text = request.args.get("top")
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise BadRequest("top must be a whole number, at least 1.")
    return int(text)


def images_of(sent: Sequence[Upload], form: ImageInput) -> NDArray[np.uint8]:
    """uint8 [N,H,W,C]: every upload decoded and brought to the net's form. An error names the first bad upload."""
    here = context()
    images = np.empty((len(sent), form.height, form.width, form.channels), np.uint8)

    def decode(start: int, stop: int) -> InkpawError | None:
        """The first error is given back, not raised: gevent's pool of threads would log it."""
        try:
            for at in range(start, stop):
                _decode(sent[at], form, here.settings.max_image_pixels, images[at])
        except InkpawError as error:
            return error
        return None

    if len(sent) < _WORTH_SHARING and sum(len(upload.data) for upload in sent) < _WORTH_A_THREAD:
        errors = [decode(0, len(sent))]
    else:
        share = -(-len(sent) // here.settings.decode_threads)
        parts = [here.decoders.submit(decode, at, min(at + share, len(sent))) for at in range(0, len(sent), share)]
        errors = [part.result() for part in parts]
    for error in errors:
        if error is not None:
            raise error
    return images


def _decode(upload: Upload, form: ImageInput, max_pixels: int, into: NDArray[np.uint8]) -> None:
    try:
        into[:] = prepare(upload.data, form.treatment, form.height, form.width, form.channels, max_pixels)
    except InkpawError as error:
        raise type(error)(f"{upload.title}: {error.message}") from None


def _answer(labels: Sequence[str], row: NDArray[np.float32], top: int | None) -> dict[str, object]:
    shares = [round(share, 6) for share in row.tolist()]
    order = np.argsort(-row, kind="stable").tolist()
    best = order[0]
    listed = order[:top] if top else range(len(shares))
    return {
        "label": labels[best],
        "probability": shares[best],
        "probabilities": {labels[at]: shares[at] for at in listed},
    }


def _add_outliers(name: str, version: int, answers: Sequence[dict[str, object]], scores: NDArray[np.float32]) -> None:
    """Say and count, for each image, the share of images of its own kind that are less strange to the model."""
    for answer, score in zip(answers, scores.tolist(), strict=True):
        answer["outlier_score"] = round(score, 6)
        metrics.OUTLIER_SCORE.labels(name, str(version)).observe(score)


def _count(name: str, version: int, manifest: Manifest, probabilities: NDArray[np.float32]) -> None:
    for row in probabilities:
        best = int(row.argmax())
        metrics.PREDICTIONS.labels(name, str(version), manifest.labels[best]).inc()
        metrics.CONFIDENCE.labels(name, str(version)).observe(float(row[best]))
