"""The methods of the gRPC service, each a route whose rule is the path that gRPC calls it by."""

from service.access.scopes import Scope
from service.errors import MethodNotAllowed
from service.web.api.open_inference.rpc import models, server
from service.web.api.open_inference.rpc.infer import infer
from service.web.api.open_inference.rpc.inference_pb2 import DESCRIPTOR
from service.web.request import ModelSpec, Request
from service.web.response import Response
from service.web.routing import Endpoint, Protocol, Route

PROTOCOL = Protocol("grpc", title="Open Inference Protocol over gRPC")
SERVICE: str = DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name


def _refuse(_: Request, __: ModelSpec) -> Response:
    methods = ", ".join(rule.rpartition("/")[2] for route in ROUTES for rule in route.rules)
    raise MethodNotAllowed(f"This method is not offered. {SERVICE} has: {methods}.")


def _make_route(method: str, endpoint: Endpoint, admission: bool = True, scope: Scope = Scope.PREDICT) -> Route:
    return Route((f"/{SERVICE}/{method}",), ("POST",), endpoint, PROTOCOL, admission=admission, scope=scope)


ROUTES = (
    _make_route("ServerLive", server.get_live, admission=False, scope=Scope.PROBE),
    _make_route("ServerReady", server.get_ready, admission=False, scope=Scope.PROBE),
    _make_route("ServerMetadata", server.get_metadata),
    _make_route("ModelReady", models.get_ready),
    _make_route("ModelMetadata", models.get_metadata),
    _make_route("ModelInfer", infer),
    _make_route("RepositoryIndex", models.get_index),
)
NOT_OFFERED = Route((), ("POST",), _refuse, PROTOCOL, admission=False, scope=Scope.OPEN)
