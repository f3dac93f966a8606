"""What every protocol does with the tensors of a request: bounds rows, decodes encoded images, runs a signature."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.catalog import DEFAULT_SIGNATURE, Signature, TensorSpec, Version
from service.errors import BadRequest, RequestTooLarge
from service.web.body import give_turn
from service.web.codecs.strings import MAX_ELEMENTS, MAX_QUOTES, count_quotes
from service.web.codecs.uploads import name_uploads
from service.web.dataplane import count_predictions, decode, run
from service.web.request import Request

_SPARE_COMMAS = 1 << 20  # for what else is in a body; to read as many costs some 50 ms
_SPARE_QUOTES = 4 * _SPARE_COMMAS


def check_json_size(request: Request, version: Version, body: bytes) -> None:
    """Raises RequestTooLarge if the JSON has far more elements than the inputs of any of the version's signatures.

    Only commas and quotes are counted, which costs a fraction of what parsing would. Nothing is refused where numbers
    may have any shape; and commas do not count where they may be in texts.
    """
    if len(body) <= _SPARE_COMMAS or not version.signatures:
        return
    limit, signatures = request.context.settings.max_images, version.signatures.values()
    commas = [_sum([_count_commas(signature, spec, limit) for spec in signature.inputs]) for signature in signatures]
    if None not in commas and body.count(b",") > _SPARE_COMMAS + max(filter(None, commas), default=0):
        raise RequestTooLarge("The JSON has more elements than the inputs of the model can have.")
    give_turn(len(body))
    quotes = [_sum([_count_quotes(signature, spec, limit) for spec in signature.inputs]) for signature in signatures]
    if None not in quotes and count_quotes(body) > _SPARE_QUOTES + max(filter(None, quotes), default=0):
        raise RequestTooLarge("The JSON has more texts than the inputs of the model can have.")


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _count_commas(signature: Signature, spec: TensorSpec, limit: int) -> int | None:
    """As many as the input needs at most, in `limit` rows of a batch; None if there is no such number."""
    if spec.shape is None or spec.dtype == "string":
        return None
    sizes = (limit, *spec.shape[1:]) if signature.batched else spec.shape
    return None if -1 in sizes else math.prod(max(size, 1) for size in sizes)


def _count_quotes(signature: Signature, spec: TensorSpec, limit: int) -> int | None:
    """As `_count_commas`: those around each string, and around each number that is a word."""
    if spec.dtype == "string":
        return MAX_QUOTES * MAX_ELEMENTS
    elements = _count_commas(signature, spec, limit)
    return None if elements is None else 2 * elements


def check_rows(request: Request, signature: Signature, shape: Sequence[int]) -> None:
    """Raises RequestTooLarge if an input of that shape has more rows than a request may have."""
    rows, limit = shape[0] if shape else 1, request.context.settings.max_images
    if signature.batched and rows > limit:
        raise RequestTooLarge(f"The request has {rows} rows; at most {limit} are taken at once.")


def takes_images(version: Version, spec: TensorSpec | None) -> bool:
    """Whether encoded images may be sent for that input: it is the image of a classifier with a manifest."""
    return version.manifest is not None and version.manifest.kind == "classifier" and spec in version.inputs[:1]


def decode_images(
    request: Request, version: Version, spec: TensorSpec, encoded: NDArray[np.object_]
) -> NDArray[np.uint8]:
    """uint8 [N,H,W,C] of an array of encoded images. Those that lack their last bytes are noted in the request.

    Raises BadRequest, RequestTooLarge, BadImage, ImageTooLarge, NoDigit, Overloaded, DeadlineExceeded,
    ClientDisconnected.
    """
    assert version.manifest is not None
    if encoded.ndim > 1 or not encoded.size:
        raise BadRequest(f"Input '{spec.name}' takes a list of encoded images, at least one.")
    check_rows(request, version.get_signature(), encoded.shape)
    images = decode(request, name_uploads(encoded.ravel().tolist()), version.manifest)
    request.truncated = images.truncated
    return images.pixels


def run_signature(
    request: Request, name: str, version: Version, inputs: Mapping[str, NDArray], signature_name: str
) -> dict[str, NDArray]:
    """The outputs of that signature, of the default one for an empty name; what a classifier says is counted."""
    outputs = run(request, name, version, inputs, signature_name)
    if version.manifest is not None and "probabilities" in outputs and signature_name in ("", DEFAULT_SIGNATURE):
        count_predictions(name, version.number, version.manifest, outputs)
    return outputs
