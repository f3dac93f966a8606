"""Every way a request can fail, in the shape of the protocol that was spoken. No traceback leaves."""

import logging

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

from service import errors
from service.engine.client import ClientGone
from service.errors import InkpawError
from service.web.context import json

log = logging.getLogger(__name__)

_CLIENT_CLOSED = 499  # nobody reads it; it is for the metrics, as nginx counts it


def reply(error: InkpawError) -> Response:
    """`{"error": {"code", "message"}}`; under /v1 and /v2 `{"error": message}`, as those protocols have it."""
    said = error.message if g.protocol in ("v1", "v2") else {"code": error.code, "message": error.message}
    response = json({"error": said}, error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _known(error: Exception) -> Response:
    assert isinstance(error, InkpawError)
    return reply(error)


def _http(error: Exception) -> Response:
    """Flask's and Werkzeug's own errors, in our words."""
    assert isinstance(error, HTTPException)
    match error.code:
        case 404:
            response = reply(errors.NotFound("There is nothing at this path."))
        case 405:
            response = reply(errors.MethodNotAllowed("This path does not take this method."))
        case 413:
            response = reply(errors.RequestTooLarge("The request's body is too large, or has too many parts."))
        case _:
            response = reply(errors.BadRequest(error.description or error.name))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _unknown(error: Exception) -> Response:
    log.exception("A request failed", exc_info=error)
    return reply(InkpawError("Something went wrong in the service; it has been logged."))


def _gone(_: Exception) -> Response:
    return Response(status=_CLIENT_CLOSED)


def install(app: Flask) -> None:
    app.register_error_handler(InkpawError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ClientGone, _gone)
    app.register_error_handler(Exception, _unknown)
