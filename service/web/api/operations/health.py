"""Whether the service is alive, and whether it should get requests."""

from service.errors import Unavailable
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response


def get_livez(request: Request, _: ModelSpec) -> Response:
    """200 while the engine makes progress or has not been away for long.

    A restarting engine must not fail liveness, or Kubernetes kills the pod.
    """
    context = request.context
    stalled = context.engines.busy_seconds()
    if stalled > context.settings.stall_seconds:
        raise Unavailable(f"The engine has made no progress for {stalled:.0f} s.")
    return json_response({"live": True})


def get_readyz(request: Request, _: ModelSpec) -> Response:
    """200 when every model has a version that answers; 503 from the first moment of draining."""
    context = request.context
    if context.settings.draining_mark.exists():
        raise Unavailable("The service is stopping: it answers the requests it has, and takes no new ones.")
    catalog = context.engines.refresh()
    if not catalog.ready:
        waiting = ", ".join(name for name, model in catalog.models.items() if not model.default)
        raise Unavailable(f"Not every model answers yet: {waiting or 'none is loaded'}.")
    return json_response({"ready": True})
