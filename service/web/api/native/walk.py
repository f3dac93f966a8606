"""`GET /generate/<name>/walk`: the way from one seed to another, as an animated picture."""

import secrets
from collections.abc import Iterable
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.catalog import Signature, TensorSpec, Version
from service.errors import BadRequest, NotOffered, RequestTooLarge
from service.web.api.native.cache_headers import is_unchanged, make_etag, with_cache_headers
from service.web.api.native.generate_request import (
    ANY,
    Seed,
    Truncation,
    check_seeds,
    check_truncation,
    convert_query,
    to_index,
)
from service.web.codecs.animations import ANIMATIONS, encode_animation
from service.web.dataplane import run, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response

MIN_FRAMES, DEFAULT_FRAMES, MAX_FRAMES = 2, 24, 64
_SIGNATURE = "walk"
_INPUTS = {"seeds_from", "seeds_to", "position", "labels", "truncation"}

Frames = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": MIN_FRAMES, "maximum": MAX_FRAMES})]


class WalkRequest(msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A seed that is not given is drawn."""

    start: Seed | None = None
    end: Seed | None = None
    frames: Frames | None = None
    label: str = str(ANY)
    truncation: Truncation = 1.0
    format: str = "png"

    @property
    def repeatable(self) -> bool:
        """Whether the same request gives the same frames."""
        return self.start is not None and self.end is not None

    def choose_seeds(self) -> tuple[int, int]:
        start, end = (secrets.randbits(31) if seed is None else seed for seed in (self.start, self.end))
        return start, end

    def choose_frames(self, max_images: int) -> int:
        """Raises BadRequest, RequestTooLarge."""
        limit = min(MAX_FRAMES, max_images)
        frames = min(DEFAULT_FRAMES, limit) if self.frames is None else self.frames
        if frames < MIN_FRAMES:
            raise BadRequest(f"A walk has at least {MIN_FRAMES} frames: its ends.")
        if frames > limit:
            raise RequestTooLarge(f"{frames} frames are asked for; a walk has at most {limit}.")
        return frames

    def check(self) -> None:
        """Raises BadRequest."""
        if self.format not in ANIMATIONS:
            raise BadRequest(f"A walk has no format '{self.format}'. There are: {', '.join(ANIMATIONS)}.")
        check_truncation(self.truncation)
        check_seeds([seed for seed in (self.start, self.end) if seed is not None])


def walk(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, "generator", spec, _walk)


def _walk(request: Request, spec: ModelSpec, version: Version) -> Response:
    assert version.manifest is not None
    if not _fits(version.signatures.get(_SIGNATURE)):
        raise NotOffered(
            f"Model '{spec.name}' version {version.number} cannot go from one seed to another: its SavedModel has no "
            f"signature '{_SIGNATURE}'."
        )
    wanted = convert_query(request.args(), WalkRequest)
    wanted.check()
    frames = wanted.choose_frames(request.context.settings.max_images)
    label = to_index(wanted.label, version.manifest.labels)
    start, end = wanted.choose_seeds()
    decisive = (spec.name, version.number, start, end, frames, label, wanted.truncation, wanted.format)
    etag = make_etag("walk", *decisive) if wanted.repeatable else ""
    if is_unchanged(request, etag):
        return with_cache_headers(Response(status=304), etag)
    inputs: dict[str, NDArray] = {
        "seeds_from": np.full(frames, start, np.int64),
        "seeds_to": np.full(frames, end, np.int64),
        "position": np.linspace(0.0, 1.0, frames, dtype=np.float32),
        "labels": np.full(frames, label, np.int32),
        "truncation": np.full(frames, wanted.truncation, np.float32),
    }
    images = run(request, spec.name, version, inputs, _SIGNATURE)["images"]
    response = Response(encode_animation(images, wanted.format), content_type=ANIMATIONS[wanted.format])
    response.headers |= {"Inkpaw-Version": str(version.number), "Inkpaw-Seeds": f"{start},{end}"}
    return with_cache_headers(response, etag)


def _fits(signature: Signature | None) -> bool:
    return signature is not None and _names(signature.inputs) == _INPUTS and _names(signature.outputs) == {"images"}


def _names(specs: Iterable[TensorSpec]) -> set[str]:
    return {spec.name for spec in specs}
