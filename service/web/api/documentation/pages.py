"""The page that shows the document: Swagger UI, from the files of an installed package, without an outside host."""

from importlib.resources import files

from service.web.request import ModelSpec, Request
from service.web.response import Response

_OURS = files("service.web.api.documentation")
_SWAGGER_UI = files("flask_swagger_ui") / "dist"

ASSETS = {
    "/docs/start.js": _OURS / "start.js",
    "/docs/swagger-ui-bundle.js": _SWAGGER_UI / "swagger-ui-bundle.js",
    "/docs/swagger-ui.css": _SWAGGER_UI / "swagger-ui.css",
}
_MEDIA_TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
_HEADERS = {
    # nothing from another host, no script or style in the page; Swagger UI draws its arrows from data: URLs
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_KEEP = {"Cache-Control": "public, max-age=3600"}  # an update of the service shows within the hour


def get_page(_: Request, __: ModelSpec) -> Response:
    return _make_response((_OURS / "page.html").read_bytes(), "html")


def get_asset(request: Request, _: ModelSpec) -> Response:
    path = request.path.rstrip("/")
    response = _make_response(ASSETS[path].read_bytes(), path.rpartition(".")[2])
    response.headers |= _KEEP
    return response


def _make_response(body: bytes, suffix: str) -> Response:
    return Response(body, content_type=f"{_MEDIA_TYPES[suffix]}; charset=utf-8", headers=dict(_HEADERS))
