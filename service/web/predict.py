"""`/predict/<name>`: images in, a label and probabilities for each out."""

from collections.abc import Sequence

import numpy as np
from flask import Blueprint, Response, request
from numpy.typing import NDArray

from service import metrics
from service.errors import BadRequest, InkpawError
from service.images import prepare
from service.manifest import ImageInput, Manifest
from service.web.bodies import Upload, uploads
from service.web.context import body, caller, context, deadline, json, resolve

blueprint = Blueprint("predict", __name__)


@blueprint.post("/predict/<name>")
@blueprint.post("/predict/<name>/versions/<int:version>")
@blueprint.post("/predict/<name>/labels/<label>")
def predict(name: str, version: int | None = None, label: str | None = None) -> Response:
    here = context()
    top = _top()
    found = resolve(name, "classifier", version, label)
    assert found.manifest is not None
    sent = uploads(body(), request, here.settings.max_images)
    images = images_of(sent, found.manifest.image, here.settings.max_image_pixels)
    outputs = here.engine.run(name, found, {found.inputs[0].name: images}, deadline(), caller())
    probabilities = outputs["probabilities"]
    _count(name, found.number, found.manifest, probabilities)
    answers = [_answer(found.manifest.labels, row, top) for row in probabilities]
    return json({"model": name, "version": found.number, "predictions": answers})


def _top() -> int | None:
    """The `?top=k` of the request: how many labels an answer lists."""
    text = request.args.get("top")
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise BadRequest("top must be a whole number, at least 1.")
    return int(text)


def images_of(sent: Sequence[Upload], form: ImageInput, max_pixels: int) -> NDArray[np.uint8]:
    """uint8 [N,H,W,C]: every upload decoded and brought to the net's form. An error names which upload it is."""
    images = np.empty((len(sent), form.height, form.width, form.channels), np.uint8)
    for at, upload in enumerate(sent):
        try:
            images[at] = prepare(upload.data, form.treatment, form.height, form.width, form.channels, max_pixels)
        except InkpawError as error:
            raise type(error)(f"{upload.title}: {error.message}") from None
    return images


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


def _count(name: str, version: int, manifest: Manifest, probabilities: NDArray[np.float32]) -> None:
    for row in probabilities:
        best = int(row.argmax())
        metrics.PREDICTIONS.labels(name, str(version), manifest.labels[best]).inc()
        metrics.CONFIDENCE.labels(name, str(version)).observe(float(row[best]))
