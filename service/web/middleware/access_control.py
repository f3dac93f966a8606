"""Keys, limits and origins, added to the routes that they concern when the service starts.

A service without them has its routes as they are: then no request pays for any of it.
"""

from collections.abc import Iterable
from dataclasses import replace

from service import metrics
from service.access.guard import Guard
from service.access.quota import Quota
from service.access.scopes import Scope
from service.errors import InkpawError
from service.web.middleware.cross_origin import CrossOrigin
from service.web.request import ModelSpec, Request
from service.web.response import Response
from service.web.routing import Endpoint, Route


class AccessControl:
    def __init__(self, guard: Guard | None, cors_origins: str | None = None) -> None:
        self._guard = guard
        self._cross_origin = CrossOrigin(cors_origins) if cors_origins else None

    def protect(self, route: Route) -> Route:
        """The route with its checks; the route itself if there is nothing to check."""
        if self._guard is not None and route.scope is not Scope.PROBE:
            route = replace(route, endpoint=_add_check(route.endpoint, self._guard, route.scope), finish=_add_quotas)
        if self._cross_origin is not None:
            route = replace(route, finish=self._finish)
        return route

    def _finish(self, request: Request, response: Response) -> None:
        assert self._cross_origin is not None
        _add_quotas(request, response)
        self._cross_origin.add_headers(request, response)


def _add_check(endpoint: Endpoint, guard: Guard, scope: Scope) -> Endpoint:
    """Before anything of the body is read."""

    def check_and_call(request: Request, spec: ModelSpec) -> Response:
        request.quotas = []
        address = request.client.address if request.client is not None else ""
        try:
            request.key = guard.check(scope, address, request.get_header, request.quotas)
        except InkpawError as error:
            metrics.get(metrics.DENIED, error.code).inc()
            raise
        return endpoint(request, spec)

    return check_and_call


def _add_quotas(request: Request, response: Response) -> None:
    if request.quotas:
        response.headers |= _make_rate_headers(request.quotas)


def _make_rate_headers(quotas: Iterable[Quota]) -> dict[str, str]:
    """As draft-ietf-httpapi-ratelimit-headers has them: the limits, and what is left of each."""
    return {
        "RateLimit-Policy": ", ".join(f'"{quota.policy}";q={quota.amount};w={quota.window}' for quota in quotas),
        "RateLimit": ", ".join(f'"{quota.policy}";r={quota.remaining};t={quota.seconds}' for quota in quotas),
    }
