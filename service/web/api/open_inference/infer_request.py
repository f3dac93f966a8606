"""The body of an infer call: JSON, and after it the bytes of the binary tensors (the protocol's extension)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from service.catalog import Signature, TensorSpec, Version
from service.errors import BadRequest
from service.web.body import parse_json
from service.web.codecs.not_finite import quote_words
from service.web.inputs import check_json_size
from service.web.request import Request

JSON_LENGTH_HEADER = "Inference-Header-Content-Length"
_LENGTH = re.compile(r"[0-9]{1,18}")
_MAX_SHAPE = 1024  # characters of JSON
_MORE_TENSORS = 8  # than a signature has: so many are read, for an error that says what is wrong

Text = Annotated[str, msgspec.Meta(max_length=1024)]  # of a name or an id, which a response repeats

_Shape = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "array", "items": {"type": "integer"}})]
_Data = Annotated[
    msgspec.Raw,
    msgspec.Meta(description="The elements, flat or nested; left out if they are in binary after the JSON."),
]


class Parameters(msgspec.Struct, frozen=True):
    """`signature_name` is the request's, as TensorFlow Serving calls it. `content_type` is a BYTES input's: `base64`
    for elements that are written so in JSON, as MLServer has it. `shared_memory_region` and `classification` are
    Triton's, and refused: without what they ask for, the answer would be another.
    """

    binary_data_size: int | None = None
    binary_data: bool | None = None
    binary_data_output: bool = False
    signature_name: Text = ""
    content_type: Text = ""
    shared_memory_region: Text | None = None
    classification: int | None = None


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


class OutputTensor(msgspec.Struct):
    name: Text
    parameters: Parameters = Parameters()


class InferRequest(msgspec.Struct):
    """`inputs` and `outputs` are checked against a signature by `check`, before anything is made of them."""

    inputs: Annotated[list[InputTensor], msgspec.Meta(extra_json_schema={"minItems": 1})]
    outputs: list[OutputTensor] = []
    parameters: Parameters = Parameters()
    id: Text | None = None

    def wants_binary(self, output: OutputTensor) -> bool:
        """The output's own setting wins over the request's."""
        binary = output.parameters.binary_data
        return self.parameters.binary_data_output if binary is None else binary

    def check(self, signature: Signature) -> None:
        """Raises BadRequest unless the request has the inputs of the signature, and names only outputs of it."""
        if {tensor.name for tensor in self.inputs} != {spec.name for spec in signature.inputs}:
            raise BadRequest(f"The inputs must be {_list_names(signature.inputs)}.")
        names = {spec.name for spec in signature.outputs}
        for output in self.outputs:
            if output.name not in names:
                raise BadRequest(f"There is no output '{output.name}'. There are: {_list_names(signature.outputs)}.")


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
    _check_names("inputs", [tensor.name for tensor in request.inputs])
    _check_names("outputs", [tensor.name for tensor in request.outputs])
    for parameters in [tensor.parameters for tensors in (request.inputs, request.outputs) for tensor in tensors]:
        if parameters.shared_memory_region is not None or parameters.classification is not None:
            raise BadRequest("Shared memory and classification are not offered; use plain tensors.")
    if not request.inputs:
        raise BadRequest("The request has no inputs.")
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


def _list_names(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(spec.name for spec in specs)


def _check_names(field: str, names: list[str]) -> None:
    """Raises BadRequest: a name that comes again would multiply what the response holds."""
    if len(set(names)) < len(names):
        raise BadRequest(f"The {field} name a tensor more than once.")


def take_blob(tensor: InputTensor, blobs: memoryview) -> tuple[memoryview | None, memoryview]:
    """The tensor's bytes, None if its data are in the JSON, and the bytes that are left. Raises BadRequest."""
    size = tensor.parameters.binary_data_size
    if size is None:
        return None, blobs
    if not 0 <= size <= len(blobs):
        raise BadRequest(f"Input '{tensor.name}' has {size} bytes by its binary_data_size; {len(blobs)} are left.")
    return blobs[:size], blobs[size:]
