"""`/v2/models/<name>/infer`: the Open Inference Protocol's call, with JSON or binary tensors either way."""

from base64 import b64decode
from binascii import Error as NoBase64
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.catalog import Version
from service.errors import BadRequest, RequestTooLarge
from service.web.body import Upload, parse, titled
from service.web.codecs import tensors
from service.web.codecs.images import count, images_of
from service.web.dataplane import answered, run
from service.web.request import Asked, Reply, Target, json

HEADER = "Inference-Header-Content-Length"


class _Parameters(msgspec.Struct, frozen=True):
    binary_data_size: int | None = None
    binary_data: bool | None = None
    binary_data_output: bool = False


class _Input(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    parameters: _Parameters = _Parameters()
    data: Any = None


class _Output(msgspec.Struct):
    name: str
    parameters: _Parameters = _Parameters()


class _Request(msgspec.Struct):
    inputs: list[_Input]
    outputs: list[_Output] = []
    parameters: _Parameters = _Parameters()
    id: str | None = None


def infer(asked: Asked, target: Target) -> Reply:
    return answered(asked, None, target, _infer)


def _infer(asked: Asked, target: Target, found: Version) -> Reply:
    request, blobs = _parted(asked)
    inputs = {}
    for each in request.inputs:
        inputs[each.name], blobs = _tensor(asked, found, each, blobs)
    if blobs:
        raise BadRequest(f"{len(blobs)} bytes after the JSON belong to no input.")
    for array in inputs.values():
        _bound(len(array) if array.ndim else 1, asked)
    outputs = run(asked, target.name, found, inputs)
    if found.manifest is not None and "probabilities" in outputs:
        count(target.name, found.number, found.manifest, outputs)
    return _reply(request, target.name, found, outputs)


def _parted(asked: Asked) -> tuple[_Request, memoryview]:
    """The JSON of the body, and what comes after it."""
    body = memoryview(asked.body())
    length = asked.header(HEADER)
    if length is None:
        return parse(body, _Request), body[:0]
    if not (length.isascii() and length.isdecimal() and int(length) <= len(body)):
        raise BadRequest(f"{HEADER} must be the number of bytes of JSON that the body begins with.")
    return parse(body[: int(length)], _Request), body[int(length) :]


def _tensor(asked: Asked, found: Version, given: _Input, blobs: memoryview) -> tuple[NDArray, memoryview]:
    """The input's array, and the bytes that are left for the inputs after it."""
    size = given.parameters.binary_data_size
    if size is not None and not 0 <= size <= len(blobs):
        raise BadRequest(f"Input '{given.name}' has {size} bytes by its binary_data_size; {len(blobs)} are left.")
    blob, rest = (None, blobs) if size is None else (blobs[:size], blobs[size:])
    if given.datatype == tensors.BYTES:
        return _pictures(asked, found, given, blob), rest
    if blob is None:
        return tensors.from_json(given.name, given.datatype, given.shape, given.data), rest
    return tensors.from_bytes(given.name, given.datatype, given.shape, blob), rest


def _pictures(asked: Asked, found: Version, given: _Input, blob: memoryview | None) -> NDArray:
    """A BYTES tensor for an image input: encoded images, in JSON in base64."""
    if found.manifest is None or found.manifest.kind != "classifier" or given.name != found.inputs[0].name:
        raise BadRequest(f"Input '{given.name}' does not take {tensors.BYTES}.")
    images = _from_base64(given) if blob is None else tensors.elements(given.name, blob)
    if not images or len(images) != np.prod(given.shape, dtype=object):
        raise BadRequest(f"Input '{given.name}' has {len(images)} elements, not those of shape {given.shape}.")
    _bound(len(images), asked)
    uploads: list[Upload] = titled(images)
    return images_of(uploads, found.manifest.image, asked.here)


def _from_base64(given: _Input) -> list[bytes]:
    try:
        return [b64decode(each, validate=True) for each in given.data]
    except (NoBase64, TypeError, ValueError):
        raise BadRequest(f"Input '{given.name}': {tensors.BYTES} in JSON are a list of base64 texts.") from None


def _bound(rows: int, asked: Asked) -> None:
    if rows > asked.here.settings.max_images:
        raise RequestTooLarge(f"At most {asked.here.settings.max_images} rows are taken at once.")


def _reply(request: _Request, name: str, found: Version, outputs: dict[str, NDArray]) -> Reply:
    wanted = request.outputs or [_Output(each) for each in outputs]
    told, blobs = [], []
    for each in wanted:
        if each.name not in outputs:
            raise BadRequest(f"There is no output '{each.name}'. There are: {', '.join(outputs)}.")
        array = outputs[each.name]
        said: dict[str, Any] = {"name": each.name, "shape": array.shape, "datatype": tensors.datatype(array)}
        binary = each.parameters.binary_data
        if request.parameters.binary_data_output if binary is None else binary:
            blobs.append(array.tobytes())
            said["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            said["data"] = array.ravel().tolist()
        told.append(said)
    body = {"model_name": name, "model_version": str(found.number), "outputs": told}
    reply = json(body if request.id is None else {**body, "id": request.id})
    if blobs:
        reply.headers[HEADER] = str(len(reply.body))
        reply.content_type = "application/octet-stream"
        reply.body = b"".join([reply.body, *blobs])
    return reply
