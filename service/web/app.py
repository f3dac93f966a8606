"""The Flask application: joins the protocols' routes into one table and gives each of them its Flask rules."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.routing import BaseConverter, IntegerConverter

from service.access.guard import make_guard
from service.access.scopes import Scope
from service.settings import Settings
from service.web.api.documentation import routes as documentation
from service.web.api.native import routes as native
from service.web.api.open_inference import routes as open_inference
from service.web.api.operations import routes as operations
from service.web.api.tensorflow_serving import routes as tensorflow_serving
from service.web.context import Context, make_context
from service.web.dispatch import dispatch
from service.web.memory import return_large_blocks
from service.web.middleware.access_control import AccessControl
from service.web.request import ModelSpec, Request
from service.web.response import Response
from service.web.routing import Endpoint, Route, Router

ROUTES: tuple[Route, ...] = (
    *native.ROUTES,
    *tensorflow_serving.ROUTES,
    *open_inference.ROUTES,
    *operations.ROUTES,
    *documentation.make_routes(lambda: ROUTES),
)

CLIENT = "inkpaw.client"  # in the WSGI environment: the ClientSocket
ARRIVED = "inkpaw.arrived"  # in the WSGI environment: when the request began, on the monotonic clock

_OF_OPERATORS = (Scope.METRICS, Scope.PROBE)


class _VersionConverter(IntegerConverter):
    regex = r"\d{1,40}"  # Python refuses to read a number of thousands of digits


class _PlainConverter(BaseConverter):
    regex = r"[^/:]+"
    part_isolating = True  # Werkzeug takes the slash in the pattern for one that it may match


class App(Flask):
    """Flask with the route table: each of its rules leads to the same dispatch as the fast path."""

    def __init__(
        self, context: Context, router: Router, protect: Callable[[Route], Route] = lambda route: route
    ) -> None:
        """`protect` is applied to the routes that answer what no route of the table takes."""
        super().__init__("inkpaw", static_folder=None)
        self.context, self.router, self._protect = context, router, protect
        self.operations: App | None = None  # what the operators' own port serves
        self.url_map.merge_slashes = False  # or `//host` would be redirected to wherever the Host header points
        self.url_map.strict_slashes = False
        self.url_map.converters |= {"version": _VersionConverter, "plain": _PlainConverter}
        for route in router.routes:
            for rule in route.rules:
                self.add_url_rule(rule, rule, self._make_view(route), methods=route.methods)
        self.register_error_handler(Exception, self._answer_unmatched)

    def _make_view(self, route: Route) -> Callable[..., FlaskResponse]:
        def view(**path: Any) -> FlaskResponse:
            return _to_flask(dispatch(route, self._make_request(), ModelSpec(**path)))

        return view

    def make_default_options_response(self) -> FlaskResponse:
        """To OPTIONS: the methods of the path, in `Allow`. The name is Flask's."""
        allow = super().make_default_options_response().headers["Allow"]
        response = self._dispatch_as(lambda _, __: Response(status=204, headers={"Allow": allow}))
        del response.headers["Content-Type"]
        return response

    def _answer_unmatched(self, error: Exception) -> FlaskResponse:
        """Flask found no endpoint: there is no such path, or it does not take the method."""

        def endpoint(_: Request, __: ModelSpec) -> Response:
            raise error

        return self._dispatch_as(endpoint)

    def _dispatch_as(self, endpoint: Endpoint) -> FlaskResponse:
        """Answer by that endpoint, which no route names."""
        route = self._protect(Route((), (), endpoint, self.router.get_protocol(request.path), scope=Scope.OPEN))
        return _to_flask(dispatch(route, self._make_request(), ModelSpec()))

    def _make_request(self) -> Request:
        ours = Request(
            context=self.context,
            path=request.path,
            method=request.method,
            query=request.query_string.decode("latin-1"),
            content_type=request.headers.get("Content-Type", ""),
            content_length=request.content_length,
            get_header=request.headers.get,
            stream=request.stream,
            client=request.environ.get(CLIENT),
        )
        ours.arrived = request.environ.get(ARRIVED, ours.arrived)
        return ours


def _to_flask(response: Response) -> FlaskResponse:
    return FlaskResponse(response.body, response.status, response.headers, content_type=response.content_type)


def create_app(settings: Settings) -> App:
    return_large_blocks()
    context = make_context(settings)
    protect = AccessControl(make_guard(settings), settings.cors_origins).protect
    if settings.operations_port is None:
        return _make_app(context, ROUTES, protect)
    app = _make_app(context, [route for route in ROUTES if route.scope is not Scope.METRICS], protect)
    app.operations = _make_app(context, [route for route in ROUTES if route.scope in _OF_OPERATORS])
    return app


def _make_app(
    context: Context, routes: Iterable[Route], protect: Callable[[Route], Route] = lambda route: route
) -> App:
    return App(context, Router(map(protect, routes), default=operations.PROTOCOL), protect)
