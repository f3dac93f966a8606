"""Whether a model answers, what it takes and returns, and the index of the model repository."""

import msgspec

from service.catalog import Version
from service.errors import ModelNotFound, Unavailable
from service.web.api.open_inference.models import describe_model
from service.web.api.open_inference.repository import list_versions
from service.web.api.open_inference.rpc.inference_pb2 import (
    ModelMetadataRequest,
    ModelMetadataResponse,
    ModelReadyRequest,
    ModelReadyResponse,
    RepositoryIndexRequest,
    RepositoryIndexResponse,
)
from service.web.api.open_inference.rpc.message import make_spec, read_message
from service.web.dataplane import resolve_version, with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response


def get_ready(request: Request, _: ModelSpec) -> Response:
    """A model that does not answer is no error here, as in Triton."""
    message = read_message(request, ModelReadyRequest)
    try:
        resolve_version(request, None, make_spec(message.name, message.version))
        ready = True
    except (ModelNotFound, Unavailable):
        ready = False
    return Response(ModelReadyResponse(ready=ready).SerializeToString())


def get_metadata(request: Request, _: ModelSpec) -> Response:
    message = read_message(request, ModelMetadataRequest)
    return with_version(request, None, make_spec(message.name, message.version), _get_metadata)


def _get_metadata(request: Request, spec: ModelSpec, version: Version) -> Response:
    metadata = msgspec.to_builtins(describe_model(request, spec, version))
    return Response(ModelMetadataResponse(**metadata).SerializeToString())


def get_index(request: Request, _: ModelSpec) -> Response:
    message = read_message(request, RepositoryIndexRequest)
    index = msgspec.to_builtins(list_versions(request, message.ready))
    return Response(RepositoryIndexResponse(models=index).SerializeToString())
