"""The body of an infer call: JSON, and after it the bytes of the binary tensors (the protocol's extension)."""

import re
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from numpy.typing import NDArray

from service.catalog import Version
from service.errors import BadRequest
from service.web.api.open_inference.infer_tensors import Parameters, Text, check_tensors
from service.web.body import parse_json
from service.web.codecs import strings
from service.web.codecs.json_tensors import from_json
from service.web.codecs.not_finite import quote_words
from service.web.inputs import check_json_size
from service.web.request import Request

JSON_LENGTH_HEADER = "Inference-Header-Content-Length"
_LENGTH = re.compile(r"[0-9]{1,18}")
_MAX_SHAPE = 1024  # characters of JSON
_MORE_TENSORS = 8  # than a signature has: so many are read, for an error that says what is wrong

_Shape = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "array", "items": {"type": "integer"}})]
_Data = Annotated[
    msgspec.Raw,
    msgspec.Meta(description="The elements, flat or nested; left out if they are in binary after the JSON."),
]


class InputTensor(msgspec.Struct):
    """`datatype` is the protocol's name, such as `UINT8`, `FP32` or `BYTES`."""

    name: Text
    shape: _Shape  # as it came, like the data: both are bounded before anything is made of them
    datatype: Text
    parameters: Parameters = Parameters()
    data: _Data = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))

    def read_shape(self) -> tuple[int, ...]:
        """Raises BadRequest."""
        text = bytes(self.shape)
        if len(text) > _MAX_SHAPE:
            raise BadRequest(f"Input '{self.name}': the shape has more than {_MAX_SHAPE} characters.")
        return parse_json(text, tuple[int, ...])

    def read_numbers(self, shape: tuple[int, ...]) -> NDArray:
        """Raises BadRequest."""
        return from_json(self.name, self.datatype, shape, bytes(self.data))

    def read_strings(self, shape: tuple[int, ...], encoded: bool) -> NDArray:
        """Raises BadRequest."""
        form = strings.BASE64_TEXTS if encoded else strings.TEXTS
        return strings.from_json(self.name, shape, bytes(self.data), form)


class OutputTensor(msgspec.Struct):
    name: Text
    parameters: Parameters = Parameters()


class InferRequest(msgspec.Struct):
    inputs: Annotated[list[InputTensor], msgspec.Meta(extra_json_schema={"minItems": 1})]
    outputs: list[OutputTensor] = []
    parameters: Parameters = Parameters()
    id: Text | None = None

    def wants_binary(self, output: OutputTensor) -> bool:
        """The output's own setting wins over the request's."""
        binary = output.parameters.binary_data
        return self.parameters.binary_data_output if binary is None else binary


def read_infer_request(request: Request, version: Version) -> tuple[InferRequest, memoryview]:
    """The JSON of the body, and the bytes after it. Raises BadRequest, RequestTooLarge, RequestTimeout."""
    body = request.body()
    length = request.get_header(JSON_LENGTH_HEADER)
    text, blobs = body, memoryview(b"")
    if length is not None:
        if not (_LENGTH.fullmatch(length) and int(length) <= len(body)):
            raise BadRequest(f"{JSON_LENGTH_HEADER} must be the number of bytes of JSON that the body begins with.")
        text, blobs = body[: int(length)], memoryview(body)[int(length) :]
    check_json_size(request, version, text)
    return _parse(text, version), blobs


def _parse(text: bytes, version: Version) -> InferRequest:
    signatures = version.signatures.values()
    form = _make_form(
        max((len(signature.inputs) for signature in signatures), default=0) + _MORE_TENSORS,
        max((len(signature.outputs) for signature in signatures), default=0) + _MORE_TENSORS,
    )
    fields: Any = parse_json(quote_words(text), form)
    request = InferRequest(_to_list(fields.inputs), _to_list(fields.outputs), fields.parameters, fields.id)
    check_tensors(request.inputs, request.outputs)
    return request


@lru_cache(64)
def _make_form(inputs: int, outputs: int) -> Any:
    """A request of at most so many tensors."""
    no_outputs = _make_list(OutputTensor, outputs)
    return msgspec.defstruct(
        "InferForm",
        [
            ("inputs", _make_list(InputTensor, inputs)),
            ("outputs", no_outputs, msgspec.field(default_factory=no_outputs)),
            ("parameters", Parameters, Parameters()),
            ("id", Text | None, None),
        ],
    )


def _make_list(form: Any, size: int) -> Any:
    """A list of at most `size` elements. Reading ends at the first one beyond.

    With `max_length` it would not: that is looked at when all elements are made.
    """
    fields = [(f"field{index}", form | msgspec.UnsetType, msgspec.UNSET) for index in range(size)]
    return msgspec.defstruct("List", fields, array_like=True, forbid_unknown_fields=True)


def _to_list(fields: Any) -> list[Any]:
    return [tensor for tensor in msgspec.structs.astuple(fields) if tensor is not msgspec.UNSET]


def take_blob(tensor: InputTensor, blobs: memoryview) -> tuple[memoryview | None, memoryview]:
    """The tensor's bytes, None if its data are in the JSON, and the bytes that are left. Raises BadRequest."""
    size = tensor.parameters.binary_data_size
    if size is None:
        return None, blobs
    if not 0 <= size <= len(blobs):
        raise BadRequest(f"Input '{tensor.name}' has {size} bytes by its binary_data_size; {len(blobs)} are left.")
    return blobs[:size], blobs[size:]
