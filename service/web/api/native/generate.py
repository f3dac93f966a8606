"""`/generate/<name>`: seeds to images. One seed is one image, alone or among others."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.catalog import Version
from service.web.api.native.cache_headers import is_unchanged, make_etag, with_cache_headers
from service.web.api.native.generate_request import ANY, read_generate_request
from service.web.codecs.image_formats import MEDIA_TYPES, encode_images
from service.web.dataplane import run, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response


class EncodedSample(msgspec.Struct):
    """A PNG as base64."""

    b64: str


class GeneratedSamples(msgspec.Struct):
    """The samples with what they were made of; a label is `any` where none was asked for."""

    model: str
    version: int
    seeds: list[int]
    labels: list[str]
    truncation: float
    images: list[EncodedSample]


_MAX_HEADER = 1024  # characters


def generate(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, "generator", spec, _generate)


def _generate(request: Request, spec: ModelSpec, version: Version) -> Response:
    assert version.manifest is not None
    wanted = read_generate_request(request)
    wanted.check()
    seeds = wanted.choose_seeds(request.context.settings.max_images)
    wanted.check_format(len(seeds))
    labels = wanted.choose_labels(version.manifest.labels, len(seeds))
    decisive = (spec.name, version.number, seeds, labels, wanted.truncation, wanted.format)
    etag = make_etag(*decisive) if wanted.repeatable else ""
    if is_unchanged(request, etag):
        return with_cache_headers(Response(status=304), etag)
    inputs: dict[str, NDArray] = {
        "seeds": np.array(seeds, np.int64),
        "labels": np.array(labels, np.int32),
        "truncation": np.full(len(seeds), wanted.truncation, np.float32),
    }
    images = run(request, spec.name, version, inputs)["images"]
    label_names = ["any" if index == ANY else version.manifest.labels[index] for index in labels]
    facts = {
        "model": spec.name,
        "version": version.number,
        "seeds": seeds,
        "labels": label_names,
        "truncation": wanted.truncation,
    }
    pairs = enumerate(zip(label_names, seeds, strict=True))
    file_names = [f"{index:03}-{spec.name}-{label}-{seed}" for index, (label, seed) in pairs]
    body = encode_images(images, wanted.format, facts, file_names)
    response = Response(body, content_type=MEDIA_TYPES[wanted.format])
    response.headers["Inkpaw-Version"] = str(version.number)
    if len(text := _format_seeds(seeds)) <= _MAX_HEADER:  # proxies refuse a head of a few kilobytes
        response.headers["Inkpaw-Seeds"] = text
    return with_cache_headers(response, etag)


def _format_seeds(seeds: list[int]) -> str:
    """`7..22` for seeds that count up, else all of them."""
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}..{seeds[-1]}"
    return ",".join(map(str, seeds))
