"""`POST /v2/models/<name>/infer`: tensors in, tensors out, each in JSON or in binary."""

from typing import Any

import msgspec
from numpy.typing import NDArray

from service.catalog import Version
from service.errors import BadRequest
from service.web.api.open_inference.infer_request import (
    JSON_LENGTH_HEADER,
    InferRequest,
    OutputTensor,
    read_infer_request,
    take_blob,
)
from service.web.api.open_inference.infer_tensors import check_signature, read_tensor, to_blob
from service.web.codecs import strings, tensors
from service.web.codecs.json_tensors import to_json
from service.web.dataplane import with_version
from service.web.inputs import run_signature
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


class InferredTensor(msgspec.Struct):
    """An output. `data` is flat, in C order; what JSON has no number for is "NaN", "Infinity" or "-Infinity".

    Without `data`, its bytes follow the JSON, as many as `parameters.binary_data_size` says.
    """

    name: str
    shape: tuple[int, ...]
    datatype: str
    parameters: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    data: list[Any] | msgspec.UnsetType = msgspec.UNSET


class InferResponse(msgspec.Struct):
    """`id` is that of the request."""

    model_name: str
    model_version: str
    outputs: list[InferredTensor]
    id: str | msgspec.UnsetType = msgspec.UNSET


def infer(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, None, spec, _infer)


def _infer(request: Request, spec: ModelSpec, version: Version) -> Response:
    infer_request, blobs = read_infer_request(request, version)
    signature_name = infer_request.parameters.signature_name
    signature = version.get_signature(signature_name)
    check_signature(signature, infer_request.inputs, infer_request.outputs)
    specs = {spec.name: spec for spec in signature.inputs}
    inputs = {}
    for tensor in infer_request.inputs:
        blob, blobs = take_blob(tensor, blobs)
        inputs[tensor.name] = read_tensor(request, version, signature, specs[tensor.name], tensor, blob)
    if blobs:
        raise BadRequest(f"{len(blobs)} bytes after the JSON belong to no input.")
    outputs = run_signature(request, spec.name, version, inputs, signature_name)
    return _to_response(infer_request, spec.name, version, outputs)


def _to_response(infer_request: InferRequest, name: str, version: Version, arrays: dict[str, NDArray]) -> Response:
    outputs, blobs = [], []
    for output in infer_request.outputs or map(OutputTensor, arrays):
        array = arrays[output.name]
        fields: dict[str, Any] = {
            "name": output.name,
            "shape": array.shape,
            "datatype": tensors.get_datatype(array),
        }
        if infer_request.wants_binary(output):
            blobs.append(to_blob(array))
            fields["parameters"] = {"binary_data_size": len(blobs[-1])}
        elif array.dtype.hasobject:
            fields |= strings.to_json(array)
        else:
            fields["data"] = to_json(array)
        outputs.append(InferredTensor(**fields))
    request_id = msgspec.UNSET if infer_request.id is None else infer_request.id
    response = json_response(InferResponse(name, str(version.number), outputs, request_id))
    if blobs:
        response.headers[JSON_LENGTH_HEADER] = str(len(response.body))
        response.content_type = "application/octet-stream"
        response.body = b"".join([response.body, *blobs])
    return response
