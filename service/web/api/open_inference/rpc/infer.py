"""`ModelInfer`: tensors in, tensors out, raw or in `contents`."""

from collections.abc import Mapping, Sequence
from functools import partial

from numpy.typing import NDArray

from service.catalog import Version
from service.errors import BadRequest
from service.web.api.open_inference.infer_request import OutputTensor
from service.web.api.open_inference.infer_tensors import check_signature, check_tensors, read_tensor, to_blob
from service.web.api.open_inference.rpc.contents import ContentsTensor, has_field, read_parameters, write_contents
from service.web.api.open_inference.rpc.inference_pb2 import ModelInferRequest, ModelInferResponse
from service.web.api.open_inference.rpc.message import make_spec, read_message
from service.web.codecs.tensors import get_datatype
from service.web.dataplane import with_version
from service.web.inputs import run_signature
from service.web.request import ModelSpec, Request
from service.web.response import Response


def infer(request: Request, _: ModelSpec) -> Response:
    message = read_message(request, ModelInferRequest)
    spec = make_spec(message.model_name, message.model_version)
    return with_version(request, None, spec, partial(_infer, message))


def _infer(message: ModelInferRequest, request: Request, spec: ModelSpec, version: Version) -> Response:
    signature_name = read_parameters(message.parameters).signature_name
    signature = version.get_signature(signature_name)
    tensors = [ContentsTensor(tensor) for tensor in message.inputs]
    outputs = [OutputTensor(output.name, read_parameters(output.parameters)) for output in message.outputs]
    check_tensors(tensors, outputs)
    check_signature(signature, tensors, outputs)
    specs = {spec.name: spec for spec in signature.inputs}
    inputs = {
        tensor.name: read_tensor(request, version, signature, specs[tensor.name], tensor, blob)
        for tensor, blob in zip(tensors, _list_blobs(message, tensors), strict=True)
    }
    arrays = run_signature(request, spec.name, version, inputs, signature_name)
    return Response(_to_message(message, version, {output.name: arrays[output.name] for output in outputs} or arrays))


def _list_blobs(message: ModelInferRequest, tensors: Sequence[ContentsTensor]) -> list[memoryview | None]:
    """The bytes of each input; None for all where they are in `contents`. Raises BadRequest."""
    blobs = message.raw_input_contents
    if not blobs:
        return [None] * len(tensors)
    if len(blobs) != len(tensors):
        raise BadRequest(f"raw_input_contents has {len(blobs)} entries for {len(tensors)} inputs.")
    for tensor in message.inputs:
        if tensor.HasField("contents") and tensor.contents.ByteSize():
            raise BadRequest(f"Input '{tensor.name}' has contents beside raw_input_contents; send one of them.")
    return [memoryview(blob) for blob in blobs]


def _to_message(message: ModelInferRequest, version: Version, arrays: Mapping[str, NDArray]) -> bytes:
    """Raw if the request was, or if an output can be sent in no other way."""
    response = ModelInferResponse(model_name=message.model_name, model_version=str(version.number), id=message.id)
    raw = bool(message.raw_input_contents) or not all(map(has_field, arrays.values()))
    for name, array in arrays.items():
        output = response.outputs.add(name=name, datatype=get_datatype(array), shape=array.shape)
        if raw:
            response.raw_output_contents.append(to_blob(array))
        else:
            write_contents(output.contents, array)
    body: bytes = response.SerializeToString()
    return body
