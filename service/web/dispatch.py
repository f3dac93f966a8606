"""The one place that every request passes, by either door: id, endpoint, error to response, metrics, log."""

import time

from service import metrics
from service.errors import InkpawError
from service.web.error_response import to_response
from service.web.middleware import access_log, request_id, spans
from service.web.request import ModelSpec, Request
from service.web.response import Response, indent_json
from service.web.routing import Route

_MAX_NAMED = 100  # images in a header, whose length proxies bound


def dispatch(route: Route, request: Request, spec: ModelSpec) -> Response:
    """The endpoint's response, or the response to its error; never raises."""
    request.request_id = request_id.choose_request_id(request.get_header)
    if request.context.tracer is not None:
        spans.start_trace(route, request)
    try:
        response = route.endpoint(request, spec)
    except Exception as error:
        # a probe that is answered with 503 was not refused: that is its answer
        if route.admission and isinstance(error, InkpawError) and error.status in (503, 504):
            metrics.get(metrics.REJECTED, error.code, request.model).inc()
        response = to_response(error, route.protocol, request.request_id)
    finally:
        request.release()
    if request.truncated:
        response.headers["Inkpaw-Truncated"] = ", ".join(map(str, request.truncated[:_MAX_NAMED]))
    if route.finish is not None:
        route.finish(request, response)
    if request.query and request.wants_indentation:
        indent_json(response)
    response.headers[request_id.HEADER] = request.request_id
    _count(route, request, response)
    access_log.log_request(route.protocol.name, request, response)
    if request.trace is not None:
        spans.finish_trace(route, request, response)
    return response


def _count(route: Route, request: Request, response: Response) -> None:
    if not request.model:  # only known models get a label: clients could otherwise create metrics without limit
        return
    protocol = route.protocol.name
    metrics.get(metrics.REQUESTS, request.model, request.version, protocol, str(response.status)).inc()
    metrics.get(metrics.REQUEST_SECONDS, request.model, protocol).observe(time.monotonic() - request.arrived)
