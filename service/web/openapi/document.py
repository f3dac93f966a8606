"""The whole document: every path of the route table, with every method."""

from collections.abc import Iterable

from service.version import VERSION
from service.web.openapi.errors import get_error_form
from service.web.openapi.operation import API_KEY, BEARER, list_forms, make_operation
from service.web.openapi.paths import to_path
from service.web.openapi.schemas import Schema, Schemas
from service.web.routing import Protocol, Route, native_error_body

_DESCRIPTION = """Images to labels, seeds to images, in three protocols on one port.

A slash at the end of a path means nothing. GET paths answer HEAD as well, and every path answers OPTIONS with 204 and
the methods in `Allow`; another method is 405. Bodies may have `Content-Encoding: gzip` or `deflate`, or come in chunks.
Errors in the HTTP itself, found before the path is known, have the shape of the native API. Base64 may have line
breaks, the URL-safe alphabet, no padding, or a `data:` URL around it. Every answer has `X-Request-Id`: that of the
request, or a new one.
"""

_SECURITY_SCHEMES = {
    BEARER: {"type": "http", "scheme": "bearer"},
    API_KEY: {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def build_document(routes: Iterable[Route]) -> Schema:
    """The document of the routes that say something about themselves."""
    described = [route for route in routes if route.doc is not None]
    native = get_error_form(Protocol("", native_error_body))
    schemas = Schemas([native, *(form for route in described for form in list_forms(route))])
    paths: Schema = {}
    for route in described:
        for rule in route.rules:
            path = paths.setdefault(to_path(rule), {})
            path |= {method.lower(): make_operation(route, rule, method, schemas) for method in route.methods}
    tags = {route.protocol.name: route.protocol.title for route in described}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Inkpaw",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": title} for name, title in tags.items()],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": _SECURITY_SCHEMES},
    }
