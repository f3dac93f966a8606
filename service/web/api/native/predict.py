"""`/predict/<name>`: images in, a label and probabilities for each out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.catalog import Version
from service.errors import BadRequest
from service.web.body import uploads
from service.web.codecs.images import count, images_of
from service.web.dataplane import answered, run
from service.web.request import Asked, Reply, Target, json


def predict(asked: Asked, target: Target) -> Reply:
    return answered(asked, "classifier", target, _predict)


def _predict(asked: Asked, target: Target, found: Version) -> Reply:
    assert found.manifest is not None
    name, top = target.name, _top(asked.args())
    sent = uploads(asked.body(), asked.content_type, asked.here.settings.max_images)
    images = images_of(sent, found.manifest.image, asked.here)
    outputs = run(asked, name, found, {found.inputs[0].name: images})
    probabilities = outputs["probabilities"]
    best = count(name, found.number, found.manifest, outputs)
    answers = [_answer(found.manifest.labels, row, at, top) for row, at in zip(probabilities, best, strict=True)]
    if "outlier_score" in outputs:
        for answer, score in zip(answers, outputs["outlier_score"].tolist(), strict=True):
            answer["outlier_score"] = round(score, 6)
    return json({"model": name, "version": found.number, "predictions": answers})


def _top(args: dict[str, str]) -> int | None:
    """`?top=k`: how many labels an answer lists."""
    text = args.get("top")
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise BadRequest("top must be a whole number, at least 1.")
    return int(text)


def _answer(labels: Sequence[str], row: NDArray[np.float32], best: int, top: int | None) -> dict[str, object]:
    shares = [round(share, 6) for share in row.tolist()]
    listed = np.argsort(-row, kind="stable")[:top].tolist() if top else range(len(shares))
    return {
        "label": labels[best],
        "probability": shares[best],
        "probabilities": {labels[at]: shares[at] for at in listed},
    }
