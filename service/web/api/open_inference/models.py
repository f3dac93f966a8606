"""A model: whether it answers, and what it takes and returns."""

import msgspec

from service.catalog import TensorSpec, Version
from service.web.codecs.tensors import name_datatype
from service.web.dataplane import resolve_version, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_ANY_SHAPE = (-1,)  # the protocol has no word for any number of dimensions


class ModelReady(msgspec.Struct):
    name: str
    ready: bool


class TensorMetadata(msgspec.Struct):
    """In `shape`, -1 is any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class ModelDescription(msgspec.Struct):
    """What a model takes and returns; `versions` are those that answer."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


def get_ready(request: Request, spec: ModelSpec) -> Response:
    resolve_version(request, None, spec)
    return json_response(ModelReady(spec.name, True))


def get_metadata(request: Request, spec: ModelSpec) -> Response:
    """Of the default signature, or of the one that `?signature_name=` names."""
    return with_version(request, None, spec, _get_metadata)


def _get_metadata(request: Request, spec: ModelSpec, version: Version) -> Response:
    return json_response(describe_model(request, spec, version, request.args().get("signature_name", "")))


def describe_model(request: Request, spec: ModelSpec, version: Version, signature_name: str = "") -> ModelDescription:
    """By that signature, by the default one for an empty name. Raises BadRequest."""
    signature = version.get_signature(signature_name)
    model = request.context.engines.catalog().models.get(spec.name)
    versions = model.versions.values() if model else [version]
    return ModelDescription(
        name=spec.name,
        versions=[str(each.number) for each in versions if each.state == "AVAILABLE"],
        platform="tensorflow_savedmodel",
        inputs=[_to_tensor(tensor) for tensor in signature.inputs],
        outputs=[_to_tensor(tensor) for tensor in signature.outputs],
    )


def _to_tensor(spec: TensorSpec) -> TensorMetadata:
    shape = _ANY_SHAPE if spec.shape is None else spec.shape
    return TensorMetadata(spec.name, name_datatype(spec.dtype), shape)
