"""From a model's name to the engine's outputs: which version a request means, what it returns, and what is counted.

Knows no protocol: every endpoint that runs a model does it through here.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service import metrics
from service.catalog import Catalog, Version
from service.errors import BadRequest, EngineDown, ModelNotFound, Unavailable
from service.ipc.pool import count_rows
from service.manifest import Manifest
from service.web.codecs.images import Images
from service.web.codecs.uploads import Upload
from service.web.request import ModelSpec, Request
from service.web.response import Response

VersionEndpoint = Callable[[Request, ModelSpec, Version], Response]


def resolve_version(request: Request, kind: str | None, spec: ModelSpec) -> Version:
    """The version that the path means, of that kind if one is given. Raises ModelNotFound, Unavailable, BadRequest."""
    engines = request.context.engines
    try:
        version = _resolve(request, engines.catalog(), spec)
    except (ModelNotFound, Unavailable):
        version = _resolve(request, engines.refresh(), spec)  # it may have been loaded since the last answer
    request.model, request.version = spec.name, str(version.number)
    if kind is not None and version.manifest is None:
        raise BadRequest(
            f"Model '{spec.name}' has no servable.json, so its inputs and outputs are known as tensors only. Send its "
            f"inputs to POST /v2/models/{spec.name}/infer."
        )
    if kind is not None and version.manifest is not None and version.manifest.kind != kind:
        raise BadRequest(f"Model '{spec.name}' is no {kind}.")
    return version


def _resolve(request: Request, catalog: Catalog, spec: ModelSpec) -> Version:
    percent = catalog.get_canary_percent(spec.name, request.context.settings.canary_percent)
    return catalog.resolve(*spec, percent > 0 and random.random() * 100 < percent)


def with_version(request: Request, kind: str | None, spec: ModelSpec, endpoint: VersionEndpoint) -> Response:
    """The endpoint's response with the version that the path means; once more if that version was just unloaded."""
    version = resolve_version(request, kind, spec)
    try:
        return endpoint(request, spec, version)
    except (ModelNotFound, EngineDown):
        request.context.engines.refresh()
        replacement = resolve_version(request, kind, spec)
        if replacement.number == version.number:
            raise
        return endpoint(request, spec, replacement)


def decode(request: Request, uploads: Sequence[Upload], manifest: Manifest) -> Images:
    """The images as the model takes them; the time is counted. Raises what ImageDecoder.decode raises."""
    started, decoder = time.monotonic(), request.context.decoder
    if request.trace is None:
        images = decoder.decode(uploads, manifest.image, request.deadline, request.client)
    else:
        with request.trace.measure("decode", len(uploads)):
            images = decoder.decode(uploads, manifest.image, request.deadline, request.client)
    metrics.get(metrics.DECODE_SECONDS, request.model).observe(time.monotonic() - started)
    return images


def run(
    request: Request, name: str, version: Version, inputs: Mapping[str, NDArray], signature: str = ""
) -> dict[str, NDArray]:
    """The engine's outputs for the request's rows, by the default signature if none is named. Raises what
    EnginePool.run raises."""
    engines, deadline, client = request.context.engines, request.deadline, request.client
    if request.trace is None:
        return engines.run(name, version, inputs, deadline, client, signature)
    with request.trace.measure("engine", count_rows(inputs)) as step:
        return engines.run(name, version, inputs, deadline, client, signature, step.add_run)


def count_predictions(
    name: str, version: int, manifest: Manifest, outputs: Mapping[str, NDArray[np.float32]]
) -> list[int]:
    """The index of the likeliest class per row of `probabilities`, float32 [N,K].

    Counts labels, confidences and, where the model has them, outlier scores.
    """
    probabilities, labels = outputs["probabilities"], (name, str(version))
    best: list[int] = probabilities.argmax(axis=1).tolist()
    for index, count in Counter(best).items():
        metrics.get(metrics.PREDICTIONS, *labels, manifest.labels[index]).inc(count)
    metrics.observe_all(metrics.get(metrics.CONFIDENCE, *labels), probabilities.max(axis=1))
    if "outlier_score" in outputs:
        metrics.observe_all(metrics.get(metrics.OUTLIER_SCORE, *labels), outputs["outlier_score"])
    return best
