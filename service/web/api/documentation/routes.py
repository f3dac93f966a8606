"""`/openapi.json`, and `/docs`, which shows it to people."""

from collections.abc import Callable

from service.access.scopes import Scope
from service.web.api.documentation.openapi import OpenApi
from service.web.api.documentation.pages import ASSETS, get_asset, get_page
from service.web.route_doc import Content, Reply, RouteDoc
from service.web.routing import Protocol, Route

PROTOCOL = Protocol("documentation", title="The description of the API")

_TEXT = {"type": "string"}
_DOCUMENT = RouteDoc(
    "This document",
    (Reply("OpenAPI 3.1.", (Content("application/json", schema={"type": "object"}),)),),
    curl=("curl localhost:8080/openapi.json",),
)
_PAGE = RouteDoc("This document for people", (Reply("A page.", (Content("text/html", schema=_TEXT),)),))
_SCRIPTS = RouteDoc("What the page is made of", (Reply("A script.", (Content("text/javascript", schema=_TEXT),)),))
_STYLES = RouteDoc("What the page is made of", (Reply("A style sheet.", (Content("text/css", schema=_TEXT),)),))


def make_routes(get_routes: Callable[[], tuple[Route, ...]]) -> tuple[Route, ...]:
    """The routes of the document of all routes that `get_routes` returns, these among them."""
    scripts = tuple(path for path in ASSETS if path.endswith(".js"))
    styles = tuple(path for path in ASSETS if path.endswith(".css"))
    return (
        Route(
            ("/openapi.json",), ("GET",), OpenApi(get_routes).get_document, PROTOCOL, doc=_DOCUMENT, scope=Scope.OPEN
        ),
        Route(("/docs",), ("GET",), get_page, PROTOCOL, doc=_PAGE, scope=Scope.OPEN),
        Route(scripts, ("GET",), get_asset, PROTOCOL, doc=_SCRIPTS, scope=Scope.OPEN),
        Route(styles, ("GET",), get_asset, PROTOCOL, doc=_STYLES, scope=Scope.OPEN),
    )
