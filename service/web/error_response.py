"""Every way in which a request can fail, as a response in the shape of its protocol. No traceback leaves."""

import logging

from werkzeug.exceptions import HTTPException

from service import errors
from service.errors import ClientDisconnected, InkpawError
from service.web.response import CLIENT_CLOSED_REQUEST, Response, json_response
from service.web.routing import Protocol

log = logging.getLogger(__name__)


def to_response(error: Exception, protocol: Protocol, request_id: str = "") -> Response:
    """The response to a request that raised that error. Unexpected errors are logged; the client gets a plain 500."""
    match error:
        case InkpawError():
            return error_response(error, protocol)
        case HTTPException():
            return _from_werkzeug(error, protocol)
        case ClientDisconnected():
            return Response(status=CLIENT_CLOSED_REQUEST)
    log.error("A request failed (%s)", request_id, exc_info=error, extra={"request_id": request_id})
    return error_response(InkpawError("Something went wrong in the service; it has been logged."), protocol)


def error_response(error: InkpawError, protocol: Protocol) -> Response:
    """`{"error": ...}` in the protocol's shape, with Retry-After where the client may try again, and
    WWW-Authenticate where it needs a key."""
    response = json_response({"error": protocol.error_body(error)}, error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.challenge is not None:
        response.headers["WWW-Authenticate"] = error.challenge
    return response


def _from_werkzeug(error: HTTPException, protocol: Protocol) -> Response:
    """Flask's and Werkzeug's own errors, in our words."""
    match error.code:
        case 404:
            ours: InkpawError = (protocol.unmatched or errors.NotFound)("There is nothing at this path.")
        case 405:
            ours = errors.MethodNotAllowed("This path does not take this method.")
        case 413:
            ours = errors.RequestTooLarge("The request's body is too large, or has too many parts.")
        case _:
            ours = errors.BadRequest(error.description or error.name)
    response = error_response(ours, protocol)
    response.headers |= {name: value for name, value in error.get_headers() if name == "Allow"}
    return response
