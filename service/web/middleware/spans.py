"""The span of a request, for those that are traced; its attributes hold nothing that the client wrote but its id."""

from service.web.request import Request
from service.web.response import Response
from service.web.routing import Route


def start_trace(route: Route, request: Request) -> None:
    """Trace the request, if it is one of those. Probes are not, and neither are paths that no route takes."""
    tracer = request.context.tracer
    if tracer is not None and route.admission and route.rules:
        request.trace = tracer.start(request.get_header)


def finish_trace(route: Route, request: Request, response: Response) -> None:
    """Make the spans of a traced request; the names of attributes are OpenTelemetry's where it has some."""
    tracer = request.context.tracer
    if tracer is None or request.trace is None:
        return
    path = route.rules[0]
    attributes: dict[str, str | int] = {
        "http.request.method": request.method,
        "http.route": path,
        "http.response.status_code": response.status,
        "inkpaw.protocol": route.protocol.name,
        "inkpaw.request_id": request.request_id,
    }
    if request.model:
        attributes |= {"inkpaw.model": request.model, "inkpaw.version": request.version}
    tracer.finish(request.trace, f"{request.method} {path}", request.arrived, response.status, attributes)
