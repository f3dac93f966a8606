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
            route = replace(route, endpoint=self._add_check(route.endpoint, route.scope))
        return self.add_headers(route)

    def add_headers(self, route: Route) -> Route:
        """The route without its checks, for a protocol that calls `check` earlier than its endpoints."""
        if self._cross_origin is not None:
            return replace(route, finish=self._finish)
        if self._guard is not None and route.scope is not Scope.PROBE:
            return replace(route, finish=_add_quotas)
        return route

    def check(self, request: Request, scope: Scope) -> None:
        """To be called before anything of the body is read. Raises Unauthorized, Forbidden, TooManyRequests."""
        if self._guard is None:
            return
        request.quotas = []
        try:
            request.key = self._guard.check(scope, request.address, request.get_header, request.quotas)
        except InkpawError as error:
            metrics.get(metrics.DENIED, error.code).inc()
            raise

    def _add_check(self, endpoint: Endpoint, scope: Scope) -> Endpoint:
        def check_and_call(request: Request, spec: ModelSpec) -> Response:
            self.check(request, scope)
            return endpoint(request, spec)

        return check_and_call

    def _finish(self, request: Request, response: Response) -> None:
        assert self._cross_origin is not None
        _add_quotas(request, response)
        self._cross_origin.add_headers(request, response)


def _add_quotas(request: Request, response: Response) -> None:
    if request.quotas:
        response.headers |= _make_rate_headers(request.quotas)


def _make_rate_headers(quotas: Iterable[Quota]) -> dict[str, str]:
    """As draft-ietf-httpapi-ratelimit-headers has them: the limits, and what is left of each."""
    return {
        "RateLimit-Policy": ", ".join(f'"{quota.policy}";q={quota.amount};w={quota.window}' for quota in quotas),
        "RateLimit": ", ".join(f'"{quota.policy}";r={quota.remaining};t={quota.seconds}' for quota in quotas),
    }
