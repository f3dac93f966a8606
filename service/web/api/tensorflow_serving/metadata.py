"""The signatures of a version, as TensorFlow Serving writes them: protobuf's JSON, with 64-bit integers as texts."""

from collections.abc import Sequence

import msgspec

from service.catalog import Signature, TensorSpec, Version
from service.web.api.tensorflow_serving.labels import with_known_label
from service.web.dataplane import with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


class Dimension(msgspec.Struct):
    """`size` is -1 for any."""

    size: str
    name: str = ""


class TensorShape(msgspec.Struct):
    dim: list[Dimension]
    unknown_rank: bool


class TensorInfo(msgspec.Struct):
    """`dtype` is TensorFlow's, such as `DT_FLOAT`; `name` is the tensor's in the graph."""

    dtype: str
    tensor_shape: TensorShape
    name: str


class SignatureDef(msgspec.Struct):
    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]
    method_name: str


class SignatureDefs(msgspec.Struct):
    signature_def: dict[str, SignatureDef]


class MetadataFields(msgspec.Struct):
    signature_def: SignatureDefs


class ServedVersion(msgspec.Struct):
    name: str
    signature_name: str
    version: str


class ModelMetadata(msgspec.Struct):
    """The signatures of a version by name."""

    model_spec: ServedVersion
    metadata: MetadataFields


_DTYPES = {"float16": "DT_HALF", "float32": "DT_FLOAT", "float64": "DT_DOUBLE"}


@with_known_label
def get_metadata(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, None, spec, _get_metadata)


def _get_metadata(_: Request, spec: ModelSpec, version: Version) -> Response:
    signatures = {name: _to_signature_def(signature) for name, signature in version.signatures.items()}
    served = ServedVersion(spec.name, "", str(version.number))
    return json_response(ModelMetadata(served, MetadataFields(SignatureDefs(signatures))))


def _to_signature_def(signature: Signature) -> SignatureDef:
    inputs, outputs = _to_tensor_infos(signature.inputs), _to_tensor_infos(signature.outputs)
    return SignatureDef(inputs, outputs, signature.method_name)


def _to_tensor_infos(specs: Sequence[TensorSpec]) -> dict[str, TensorInfo]:
    return {spec.name: _to_tensor_info(spec) for spec in specs}


def _to_tensor_info(spec: TensorSpec) -> TensorInfo:
    shape = TensorShape([Dimension(str(size)) for size in spec.shape or ()], spec.shape is None)
    return TensorInfo(_DTYPES.get(spec.dtype, f"DT_{spec.dtype.upper()}"), shape, spec.tensor_name)
