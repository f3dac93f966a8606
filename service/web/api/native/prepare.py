"""`POST /prepare/<name>`: an image as the model sees it, as PNG."""

from service.catalog import Version
from service.errors import BadRequest
from service.web.codecs.image_formats import MEDIA_TYPES, encode_images
from service.web.codecs.uploads import read_uploads
from service.web.dataplane import decode, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response


def prepare(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, "classifier", spec, _prepare)


def _prepare(request: Request, _: ModelSpec, version: Version) -> Response:
    assert version.manifest is not None
    uploads = read_uploads(request.body(), request.content_type, request.context.settings.max_images)
    if len(uploads) > 1:
        raise BadRequest(f"A png holds one image; the request holds {len(uploads)}.")
    images = decode(request, uploads, version.manifest)
    response = Response(encode_images(images.pixels, "png", {}, []), content_type=MEDIA_TYPES["png"])
    response.headers |= {"Inkpaw-Version": str(version.number), "Cache-Control": "no-store"}
    return response
