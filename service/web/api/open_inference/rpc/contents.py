"""Tensors whose elements are in `contents`, in the field of their datatype."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.errors import BadRequest
from service.web.api.open_inference.infer_tensors import Parameters
from service.web.api.open_inference.rpc.inference_pb2 import InferParameter, InferTensorContents, ModelInferRequest
from service.web.codecs.strings import count_strings
from service.web.codecs.tensors import BYTES, count_elements, get_datatype, get_dtype

_FIELDS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}


class ContentsTensor:
    """An input of a request."""

    def __init__(self, tensor: ModelInferRequest.InferInputTensor) -> None:
        self.name, self.datatype = tensor.name, tensor.datatype
        self.parameters = read_parameters(tensor.parameters)
        self._tensor = tensor

    def read_shape(self) -> tuple[int, ...]:
        """Raises BadRequest."""
        count_elements(self.name, self._tensor.shape)
        return tuple(self._tensor.shape)

    def read_numbers(self, shape: tuple[int, ...]) -> NDArray:
        """Raises BadRequest."""
        dtype = get_dtype(self.name, self.datatype)
        values = np.array(self._get_elements(shape))
        array = values.astype(dtype)
        if not np.array_equal(array, values, equal_nan=True):
            raise BadRequest(f"Input '{self.name}' is not {self.datatype}: a number is out of its range.")
        return array.reshape(shape)

    def read_strings(self, shape: tuple[int, ...], encoded: bool) -> NDArray:
        """They are bytes, so none is in base64. Raises BadRequest."""
        count = count_strings(self.name, shape)
        return np.fromiter(self._get_elements(shape), object, count).reshape(shape)

    def _get_elements(self, shape: tuple[int, ...]) -> NDArray:
        """The elements in the field of the datatype. Raises BadRequest unless they are all that there are."""
        field = _FIELDS.get(self.datatype)
        if field is None:
            raise BadRequest(f"Input '{self.name}': {self.datatype} is sent in raw_input_contents only.")
        contents = self._tensor.contents
        others = [name for name in dict.fromkeys(_FIELDS.values()) if name != field and len(getattr(contents, name))]
        if others:
            raise BadRequest(f"Input '{self.name}': {self.datatype} belongs in {field}; it has {', '.join(others)}.")
        elements: NDArray = getattr(contents, field)
        if len(elements) != (count := count_elements(self.name, shape)):
            raise BadRequest(f"Input '{self.name}' has {len(elements)} elements in {field}; {list(shape)} are {count}.")
        return elements


def read_parameters(parameters: Mapping[str, InferParameter]) -> Parameters:
    """Those that are known. Raises BadRequest for one of another kind."""
    if not parameters:
        return _NO_PARAMETERS
    values = {
        name: getattr(parameters[name], parameters[name].WhichOneof("parameter_choice") or "bool_param")
        for name in Parameters.__struct_fields__
        if name in parameters
    }
    try:
        return msgspec.convert(values, Parameters)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The parameters are not what this method takes: {error}.") from None


def has_field(array: NDArray) -> bool:
    """Whether `contents` has a field for arrays of that dtype."""
    return get_datatype(array) in _FIELDS


def write_contents(contents: InferTensorContents, array: NDArray) -> None:
    getattr(contents, _FIELDS[get_datatype(array)]).extend(array.ravel().tolist())


_NO_PARAMETERS = Parameters()
