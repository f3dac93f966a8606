"""The body of an infer call: JSON, and after it the bytes of the binary tensors (the protocol's extension)."""

from typing import Any

import msgspec

from service.errors import BadRequest
from service.web.body import parse_json
from service.web.request import Request

JSON_LENGTH_HEADER = "Inference-Header-Content-Length"


class Parameters(msgspec.Struct, frozen=True):
    binary_data_size: int | None = None
    binary_data: bool | None = None
    binary_data_output: bool = False


class InputTensor(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    parameters: Parameters = Parameters()
    data: Any = None


class OutputTensor(msgspec.Struct):
    name: str
    parameters: Parameters = Parameters()


class InferRequest(msgspec.Struct):
    inputs: list[InputTensor]
    outputs: list[OutputTensor] = []
    parameters: Parameters = Parameters()
    id: str | None = None

    def wants_binary(self, output: OutputTensor) -> bool:
        """The output's own setting wins over the request's."""
        binary = output.parameters.binary_data
        return self.parameters.binary_data_output if binary is None else binary


def read_infer_request(request: Request) -> tuple[InferRequest, memoryview]:
    """The JSON of the body, and the bytes after it. Raises BadRequest, RequestTooLarge, RequestTimeout."""
    body = memoryview(request.body())
    length = request.get_header(JSON_LENGTH_HEADER)
    if length is None:
        return parse_json(body, InferRequest), body[:0]
    if not (length.isascii() and length.isdecimal() and int(length) <= len(body)):
        raise BadRequest(f"{JSON_LENGTH_HEADER} must be the number of bytes of JSON that the body begins with.")
    return parse_json(body[: int(length)], InferRequest), body[int(length) :]


def take_blob(tensor: InputTensor, blobs: memoryview) -> tuple[memoryview | None, memoryview]:
    """The tensor's bytes, None if its data are in the JSON, and the bytes that are left. Raises BadRequest."""
    size = tensor.parameters.binary_data_size
    if size is None:
        return None, blobs
    if not 0 <= size <= len(blobs):
        raise BadRequest(f"Input '{tensor.name}' has {size} bytes by its binary_data_size; {len(blobs)} are left.")
    return blobs[:size], blobs[size:]
