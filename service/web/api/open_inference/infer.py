"""`POST /v2/models/<name>/infer`: tensors in, tensors out, each in JSON or in binary."""

from typing import Any

import msgspec
from numpy.typing import NDArray

from service.catalog import DEFAULT_SIGNATURE, Signature, Version
from service.errors import BadRequest, RequestTooLarge
from service.web.api.open_inference.infer_request import (
    JSON_LENGTH_HEADER,
    InferRequest,
    InputTensor,
    OutputTensor,
    read_infer_request,
    take_blob,
)
from service.web.codecs import strings, tensors
from service.web.codecs.json_tensors import from_json, to_json
from service.web.codecs.uploads import name_uploads
from service.web.dataplane import count_predictions, run, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


def infer(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, None, spec, _infer)


def _infer(request: Request, spec: ModelSpec, version: Version) -> Response:
    infer_request, blobs = read_infer_request(request)
    signature_name = infer_request.parameters.signature_name
    signature = version.get_signature(signature_name)
    inputs = {}
    for tensor in infer_request.inputs:
        blob, blobs = take_blob(tensor, blobs)
        inputs[tensor.name] = _to_array(request, version, signature, tensor, blob)
    if blobs:
        raise BadRequest(f"{len(blobs)} bytes after the JSON belong to no input.")
    outputs = run(request, spec.name, version, inputs, signature_name)
    if version.manifest is not None and "probabilities" in outputs and signature_name in ("", DEFAULT_SIGNATURE):
        count_predictions(spec.name, version.number, version.manifest, outputs)
    return _to_response(infer_request, spec.name, version, outputs)


def _to_array(
    request: Request, version: Version, signature: Signature, tensor: InputTensor, blob: memoryview | None
) -> NDArray:
    shape = tensor.read_shape()
    if signature.batched:
        _check_rows(request, shape[0] if shape else 1)
    if tensor.datatype == tensors.BYTES:
        spec = next((spec for spec in signature.inputs if spec.name == tensor.name), None)
        if spec is not None and spec.dtype == "string":
            return _read_strings(tensor, shape, blob)
        if spec not in version.inputs[:1]:
            raise BadRequest(f"Input '{tensor.name}' does not take {tensors.BYTES}.")
        return _decode_images(request, version, tensor, shape, blob)
    if blob is None:
        return from_json(tensor.name, tensor.datatype, shape, bytes(tensor.data))
    return tensors.from_bytes(tensor.name, tensor.datatype, shape, blob)


def _decode_images(
    request: Request, version: Version, tensor: InputTensor, shape: tuple[int, ...], blob: memoryview | None
) -> NDArray:
    """uint8 [N,H,W,C] of a BYTES tensor for an image input: encoded images, in JSON as base64."""
    manifest, count = version.manifest, tensors.count_elements(tensor.name, shape)
    if manifest is None or manifest.kind != "classifier":
        raise BadRequest(f"Input '{tensor.name}' does not take {tensors.BYTES}.")
    if blob is None:
        images = _decode_base64(request, tensor, count)
    else:
        _check_rows(request, count)
        images = tensors.split_elements(tensor.name, blob, count)
    if not images:
        raise BadRequest(f"Input '{tensor.name}' has no elements.")
    return request.context.decoder.decode(name_uploads(images), manifest.image)


def _read_strings(tensor: InputTensor, shape: tuple[int, ...], blob: memoryview | None) -> NDArray:
    if blob is not None:
        return strings.from_bytes(tensor.name, shape, blob)
    return strings.from_json(tensor.name, shape, bytes(tensor.data), tensor.parameters.content_type)


def _decode_base64(request: Request, tensor: InputTensor, count: int) -> list[bytes]:
    text = bytes(tensor.data)
    _check_rows(request, text.count(b'"') // 2)
    try:
        images = msgspec.json.decode(text, type=list[bytes])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest(f"Input '{tensor.name}': {tensors.BYTES} in JSON are a list of base64 texts.") from None
    if len(images) != count:
        raise BadRequest(f"Input '{tensor.name}' has {len(images)} elements, not the {count} of its shape.")
    return images


def _check_rows(request: Request, rows: int) -> None:
    limit = request.context.settings.max_images
    if rows > limit:
        raise RequestTooLarge(f"The request has {rows} rows; at most {limit} are taken at once.")


def _to_response(infer_request: InferRequest, name: str, version: Version, arrays: dict[str, NDArray]) -> Response:
    outputs, blobs = [], []
    for output in infer_request.outputs or map(OutputTensor, arrays):
        if output.name not in arrays:
            raise BadRequest(f"There is no output '{output.name}'. There are: {', '.join(arrays)}.")
        array = arrays[output.name]
        fields: dict[str, Any] = {
            "name": output.name,
            "shape": array.shape,
            "datatype": tensors.get_datatype(array),
        }
        if infer_request.wants_binary(output):
            blobs.append(strings.to_bytes(array) if array.dtype.hasobject else array.tobytes())
            fields["parameters"] = {"binary_data_size": len(blobs[-1])}
        elif array.dtype.hasobject:
            fields |= strings.to_json(array)
        else:
            fields["data"] = to_json(array)
        outputs.append(fields)
    body = {"model_name": name, "model_version": str(version.number), "outputs": outputs}
    response = json_response(body if infer_request.id is None else {**body, "id": infer_request.id})
    if blobs:
        response.headers[JSON_LENGTH_HEADER] = str(len(response.body))
        response.content_type = "application/octet-stream"
        response.body = b"".join([response.body, *blobs])
    return response
