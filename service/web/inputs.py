"""What every protocol does with the tensors of a request: bounds rows, decodes encoded images, runs a signature."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.catalog import DEFAULT_SIGNATURE, Signature, TensorSpec, Version
from service.errors import BadRequest, RequestTooLarge
from service.web.codecs.uploads import name_uploads
from service.web.dataplane import count_predictions, decode, run
from service.web.request import Request


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

    Raises BadRequest, RequestTooLarge, BadImage, ImageTooLarge, Overloaded, DeadlineExceeded, ClientDisconnected.
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
