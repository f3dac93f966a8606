"""The gRPC server: its options, its calls, and how it stops."""

import asyncio
import io
import math
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc

from service import metrics
from service.access.guard import make_guard
from service.errors import InkpawError, Overloaded
from service.ipc.wire import MAX_FRAME
from service.rpc.credentials import make_credentials
from service.rpc.greenlets import GreenletLoop
from service.rpc.health import Health
from service.rpc.peer import find_address
from service.rpc.receiver import Receiver
from service.rpc.reflection import add_reflection
from service.rpc.status import make_status
from service.web.api.open_inference.rpc.routes import NOT_OFFERED, PROTOCOL, ROUTES, SERVICE
from service.web.context import Context
from service.web.dispatch import dispatch
from service.web.error_response import to_response
from service.web.middleware import access_log, request_id
from service.web.middleware.access_control import AccessControl
from service.web.request import ModelSpec, Request
from service.web.response import Response
from service.web.routing import Route
from service.web.server.admission import FULL, Admission, Place

_MAX_STREAMS = 1024  # calls of one connection
_MAX_METADATA = 16 << 10  # bytes
_PING_SECONDS = 10  # that a client may ping as often as
_FLUSH_SECONDS = 1.0  # for the last answers to leave, after which calls that only watch are ended


class Server(grpc.GenericRpcHandler):  # type: ignore[misc]
    """To be made in asyncio's thread. Requests run in the greenlets, with the context that was made there."""

    def __init__(self, context: Context, greenlets: GreenletLoop) -> None:
        self.admission = Admission(context.settings.max_in_flight)
        self.health = Health()
        self._context, self._greenlets = context, greenlets
        self._receiver = Receiver()
        self._access = AccessControl(make_guard(context.settings))
        self._routes = {rule: self._access.add_headers(route) for route in ROUTES for rule in route.rules}
        self._not_offered = self._access.add_headers(NOT_OFFERED)
        self._calls = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._server = grpc.aio.server(
            handlers=[self], options=_make_options(context), maximum_concurrent_rpcs=context.settings.max_connections
        )
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        add_reflection(self._server)

    async def start(self, address: str) -> int:
        """The port. Raises RuntimeError if the address cannot be bound, OSError if the certificate cannot be read."""
        credentials = make_credentials(self._context.settings)
        if credentials is None:
            port: int = self._server.add_insecure_port(address)
        else:
            port = self._server.add_secure_port(address, credentials)
        await self._server.start()
        return port

    async def stop(self, seconds: float) -> None:
        """Answer what is in flight, within so many seconds; take nothing new."""
        await self.health.enter_graceful_shutdown()
        stopped = asyncio.create_task(self._server.stop(seconds))
        idle = asyncio.create_task(self._is_idle.wait())
        await asyncio.wait([stopped, idle], return_when=asyncio.FIRST_COMPLETED)
        await self._server.stop(_FLUSH_SECONDS)
        idle.cancel()
        await stopped

    def service(self, call_details: Any) -> Any:
        """What handles a call; the name is gRPC's. None is for methods that nobody has.

        Every call is taken for a stream that brings one message: so it can be refused before the message has come.
        """
        path: str = call_details.method
        if not path.startswith(f"/{SERVICE}/"):
            return None
        route = self._routes.get(path, self._not_offered)
        headers = {name: value for name, value in call_details.invocation_metadata if isinstance(value, str)}
        return grpc.stream_unary_rpc_method_handler(partial(self._answer, route, path, headers))

    async def _answer(self, route: Route, path: str, headers: Mapping[str, str], _: Any, call: Any) -> bytes:
        self._calls += 1
        self._is_idle.clear()
        place = Place(self.admission, route.admission)
        try:
            response = await self._respond(route, path, headers, call, place)
        finally:
            place.leave()
            self._calls -= 1
            if not self._calls:
                self._is_idle.set()
        code, details, metadata = make_status(response)
        if code is not grpc.StatusCode.OK:
            await call.abort(code, details, metadata)
        call.set_trailing_metadata(metadata)
        return response.body

    async def _respond(self, route: Route, path: str, headers: Mapping[str, str], call: Any, place: Place) -> Response:
        arrived = time.monotonic()
        seconds = call.time_remaining()
        request = Request(
            context=self._context,
            path=path,
            method="POST",
            query="",
            content_type="application/grpc",
            content_length=None,
            get_header=lambda name: headers.get(name.lower()),
            stream=io.BytesIO(),
            client=None,
            arrived=arrived,
            client_seconds=math.inf if seconds is None else seconds,
            peer=find_address(call.peer()),
        )
        if route.admission and self.admission.full:
            return _refuse(route, request, Overloaded(FULL), "busy")
        try:
            self._access.check(request, route.scope)
            message = b""
            if route is not self._not_offered:
                message = await self._receiver.receive(call, request.deadline - time.monotonic())
            place.take()
        except InkpawError as error:
            return _refuse(route, request, error)
        return await self._greenlets.run(partial(_dispatch, route, request, message))


def _dispatch(route: Route, request: Request, message: bytes) -> Response:
    try:
        request.accept_body(message)
    except InkpawError as error:
        return _refuse(route, request, error)
    return dispatch(route, request, ModelSpec())


def _refuse(route: Route, request: Request, error: InkpawError, reason: str = "") -> Response:
    """The response to a call that is not dispatched, with its id, its count and its line in the log.

    `reason` is for the count; the error's code if it is empty.
    """
    if isinstance(error, Overloaded):
        metrics.get(metrics.REJECTED, reason or error.code, "").inc()
    request.request_id = request_id.choose_request_id(request.get_header)
    response = to_response(error, PROTOCOL, request.request_id)
    if route.finish is not None:
        route.finish(request, response)
    response.headers[request_id.HEADER] = request.request_id
    access_log.log_request(PROTOCOL.name, request, response)
    return response


def _make_options(context: Context) -> list[tuple[str, int]]:
    settings = context.settings
    return [
        ("grpc.so_reuseport", 1),  # the master holds the port, so that nobody takes it while this process restarts
        ("grpc.max_receive_message_length", settings.max_body_bytes),
        ("grpc.max_send_message_length", MAX_FRAME),
        ("grpc.max_metadata_size", _MAX_METADATA),
        ("grpc.absolute_max_metadata_size", _MAX_METADATA),
        ("grpc.max_concurrent_streams", _MAX_STREAMS),
        ("grpc.server_handshake_timeout_ms", math.ceil(1000 * settings.request_seconds)),
        ("grpc.max_allowed_incoming_connections", settings.max_connections),
        ("grpc.http2.min_ping_interval_without_data_ms", 1000 * _PING_SECONDS),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
