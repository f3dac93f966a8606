"""`POST /explain/<name>`: where in an image the answer comes from."""

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from service.catalog import Version
from service.errors import BadRequest, InkpawError, NotOffered
from service.web.codecs.heat_map import choose_canvas, encode_heat_map
from service.web.codecs.image_formats import MEDIA_TYPES
from service.web.codecs.uploads import read_uploads
from service.web.dataplane import decode, run, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

FORMATS = ("png", "json")
_SIGNATURE = "explain"

Rows = list[list[float]]


class Explanation(msgspec.Struct):
    """`map` has rows from the top, columns from the left, over the image as /prepare shows it: what each place says for
    the label, more than for the labels on average. The softmax of all labels' averages are the probabilities.
    `warnings` is that of a prediction.
    """

    model: str
    version: int
    label: str
    probability: float
    map: Rows
    warnings: list[str] | msgspec.UnsetType = msgspec.UNSET


def explain(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, "classifier", spec, _explain)


def _explain(request: Request, spec: ModelSpec, version: Version) -> Response:
    manifest, args = version.manifest, request.args()
    assert manifest is not None
    if _SIGNATURE not in version.signatures:
        raise _refuse(spec.name, version)
    answer_format, wanted = _choose_format(request, args.get("format")), args.get("label")
    if wanted is not None and wanted not in manifest.labels:
        raise BadRequest(f"There is no label '{wanted}'. There are: {', '.join(manifest.labels)}.")
    uploads = read_uploads(request.body(), request.content_type, request.context.settings.max_images)
    if len(uploads) > 1:
        raise BadRequest(f"A map is of one image; the request holds {len(uploads)}.")
    images = decode(request, uploads, manifest)
    probabilities, maps = _run(request, spec.name, version, images.pixels)
    index = int(probabilities.argmax()) if wanted is None else manifest.labels.index(wanted)
    if answer_format == "json":
        values: Rows = maps[..., index].astype(np.float64).round(6).tolist()
        probability = round(float(probabilities[index]), 6)
        explanation = Explanation(spec.name, version.number, manifest.labels[index], probability, values)
        if warnings := images.warnings.get(0):
            explanation.warnings = list(warnings)
        return json_response(explanation)
    canvas, box = choose_canvas(uploads[0].data, manifest.image)
    shown = images if canvas == manifest.image else decode(request, uploads, replace(manifest, image=canvas))
    response = Response(encode_heat_map(shown.pixels[0], maps[..., index], box), content_type=MEDIA_TYPES["png"])
    response.headers |= {"Inkpaw-Version": str(version.number), "Cache-Control": "no-store", "Vary": "Accept"}
    return response


def _choose_format(request: Request, wanted: str | None) -> str:
    """As `format` says, else as Accept does: PNG, unless JSON is preferred. Raises BadRequest."""
    if wanted is None:
        accept = parse_accept_header(request.get_header("Accept"), MIMEAccept)
        return "json" if accept.quality(MEDIA_TYPES["json"]) > accept.quality(MEDIA_TYPES["png"]) else "png"
    if wanted not in FORMATS:
        raise BadRequest(f"There is no format '{wanted}'. There are: {', '.join(FORMATS)}.")
    return wanted


def _run(
    request: Request, name: str, version: Version, pixels: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities [K] and maps [h,w,K]. Raises NotOffered for a signature of that name that does something else."""
    assert version.manifest is not None
    outputs = run(request, name, version, {version.inputs[0].name: pixels}, _SIGNATURE)
    probabilities, maps = (outputs.get(key, np.empty(0, np.float32)) for key in ("probabilities", "maps"))
    wanted = (1, len(version.manifest.labels))
    if probabilities.shape != wanted or maps.ndim != 4 or maps.shape[::3] != wanted:
        raise _refuse(name, version)
    if not (np.isfinite(maps).all() and np.isfinite(probabilities).all()):
        raise InkpawError("The model's outputs are not numbers for this image: NaN or infinity.")
    return probabilities[0], maps[0]


def _refuse(name: str, version: Version) -> NotOffered:
    return NotOffered(
        f"Model '{name}' version {version.number} cannot say where its answers come from: its SavedModel has no "
        f"signature '{_SIGNATURE}' that gives maps."
    )
