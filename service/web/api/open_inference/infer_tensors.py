"""What infer does with the tensors of a request, in whichever form they come: checks them, and makes arrays of them."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from numpy.typing import NDArray

from service.catalog import Signature, TensorSpec, Version
from service.errors import BadRequest
from service.web.codecs import strings, tensors
from service.web.inputs import check_rows, decode_images, takes_images
from service.web.request import Request

Text = Annotated[str, msgspec.Meta(max_length=1024)]  # of a name or an id, which a response repeats


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


class NamedTensor(Protocol):
    """An input or an output that a request names."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> Parameters: ...


class Tensor(NamedTensor, Protocol):
    """An input, whose elements are in the message itself; `datatype` is the protocol's name. All raise BadRequest."""

    @property
    def datatype(self) -> str: ...

    def read_shape(self) -> tuple[int, ...]: ...

    def read_numbers(self, shape: tuple[int, ...]) -> NDArray: ...

    def read_strings(self, shape: tuple[int, ...], encoded: bool) -> NDArray:
        """`encoded`: where the form has no bytes, they are texts in base64."""


def check_tensors(inputs: Sequence[NamedTensor], outputs: Sequence[NamedTensor]) -> None:
    """Raises BadRequest for what no model could answer."""
    _check_names("inputs", inputs)
    _check_names("outputs", outputs)
    for tensor in (*inputs, *outputs):
        if tensor.parameters.shared_memory_region is not None or tensor.parameters.classification is not None:
            raise BadRequest("Shared memory and classification are not offered; use plain tensors.")
    if not inputs:
        raise BadRequest("The request has no inputs.")


def check_signature(signature: Signature, inputs: Sequence[NamedTensor], outputs: Sequence[NamedTensor]) -> None:
    """Raises BadRequest unless these are the inputs of the signature, and outputs of it. To be called before anything
    is made of them."""
    if {tensor.name for tensor in inputs} != {spec.name for spec in signature.inputs}:
        raise BadRequest(f"The inputs must be {_list_names(signature.inputs)}.")
    names = {spec.name for spec in signature.outputs}
    for output in outputs:
        if output.name not in names:
            raise BadRequest(f"There is no output '{output.name}'. There are: {_list_names(signature.outputs)}.")


def read_tensor(
    request: Request,
    version: Version,
    signature: Signature,
    spec: TensorSpec,
    tensor: Tensor,
    blob: memoryview | None,
) -> NDArray:
    """The array of an input; `blob` are its bytes where they are not in the tensor.

    Raises BadRequest, RequestTooLarge, and what `decode_images` raises.
    """
    shape = tensor.read_shape()
    check_rows(request, signature, shape)
    if tensor.datatype == tensors.BYTES:
        if spec.dtype == "string":
            return _read_strings(tensor, shape, blob, tensor.parameters.content_type == strings.BASE64)
        if not takes_images(version, spec):
            raise BadRequest(f"Input '{tensor.name}' does not take {tensors.BYTES}.")
        return decode_images(request, version, spec, _read_strings(tensor, shape, blob, encoded=True))
    if blob is None:
        return tensor.read_numbers(shape)
    return tensors.from_bytes(tensor.name, tensor.datatype, shape, blob)


def _read_strings(tensor: Tensor, shape: tuple[int, ...], blob: memoryview | None, encoded: bool) -> NDArray:
    return tensor.read_strings(shape, encoded) if blob is None else strings.from_bytes(tensor.name, shape, blob)


def to_blob(array: NDArray) -> bytes:
    """The bytes of an output."""
    return strings.to_bytes(array) if array.dtype.hasobject else array.tobytes()


def _check_names(field: str, tensors: Sequence[NamedTensor]) -> None:
    """Raises BadRequest: a name that comes again would multiply what the response holds."""
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise BadRequest(f"The {field} name a tensor more than once.")


def _list_names(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(spec.name for spec in specs)
