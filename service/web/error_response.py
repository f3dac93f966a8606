"""Every way a request can fail, in the shape of the protocol that was spoken. No traceback leaves."""

import logging

from werkzeug.exceptions import HTTPException

from service import errors, metrics
from service.errors import InkpawError
from service.ipc.client import ClientGone
from service.web.request import Reply, json

log = logging.getLogger(__name__)

_CLIENT_CLOSED = 499  # nobody reads it; it is for the metrics, as nginx counts it


def failed(error: Exception, protocol: str) -> Reply:
    """The reply to a request that met that error; one that nobody foresaw is logged, and not told."""
    match error:
        case InkpawError():
            if error.status in (503, 504):
                metrics.REJECTED.labels(error.code).inc()
            return told(error, protocol)
        case HTTPException():
            return _http(error, protocol)
        case ClientGone():
            return Reply(status=_CLIENT_CLOSED)
    log.error("A request failed", exc_info=error)
    return told(InkpawError("Something went wrong in the service; it has been logged."), protocol)


def told(error: InkpawError, protocol: str) -> Reply:
    """`{"error": {"code", "message"}}`; under /v1 and /v2 `{"error": message}`, as those protocols have it."""
    said = error.message if protocol in ("v1", "v2") else {"code": error.code, "message": error.message}
    reply = json({"error": said}, error.status)
    if error.retry_after is not None:
        reply.headers["Retry-After"] = str(error.retry_after)
    return reply


def _http(error: HTTPException, protocol: str) -> Reply:
    """Flask's and Werkzeug's own errors, in our words."""
    match error.code:
        case 404:
            reply = told(errors.NotFound("There is nothing at this path."), protocol)
        case 405:
            reply = told(errors.MethodNotAllowed("This path does not take this method."), protocol)
        case 413:
            reply = told(errors.RequestTooLarge("The request's body is too large, or has too many parts."), protocol)
        case _:
            reply = told(errors.BadRequest(error.description or error.name), protocol)
    reply.headers |= {name: value for name, value in error.get_headers() if name == "Allow"}
    return reply
