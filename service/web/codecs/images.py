"""Uploads brought to a net's form, and what the net made of them counted: the same for every protocol."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service import metrics
from service.errors import InkpawError
from service.images import prepare
from service.manifest import ImageInput, Manifest
from service.web.body import Upload
from service.web.context import Context

_WORTH_SHARING = 8  # images; fewer are decoded sooner than shared out
_WORTH_A_THREAD = 1 << 12  # bytes; while as many are decoded, the worker's other requests should not wait


def images_of(sent: Sequence[Upload], form: ImageInput, here: Context) -> NDArray[np.uint8]:
    """uint8 [N,H,W,C]: every upload decoded and brought to the net's form. An error names the first bad upload."""
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


def count(name: str, version: int, manifest: Manifest, outputs: Mapping[str, NDArray[np.float32]]) -> list[int]:
    """The likeliest class of each row of `probabilities`, float32 [N,K]; counted, as are the outlier scores, if any."""
    probabilities, of_version = outputs["probabilities"], (name, str(version))
    best: list[int] = probabilities.argmax(axis=1).tolist()
    for at, times in Counter(best).items():
        metrics.of(metrics.PREDICTIONS, *of_version, manifest.labels[at]).inc(times)
    metrics.observe_all(metrics.of(metrics.CONFIDENCE, *of_version), probabilities.max(axis=1))
    if "outlier_score" in outputs:
        metrics.observe_all(metrics.of(metrics.OUTLIER_SCORE, *of_version), outputs["outlier_score"])
    return best
