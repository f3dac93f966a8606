"""Whether the service is alive, and whether it should get requests: each protocol has paths that ask for it."""

from service.errors import Unavailable
from service.web.context import Context


def check_live(context: Context) -> None:
    """Raises Unavailable when the engine makes no progress or has been away for long.

    A restarting engine must not fail liveness, or Kubernetes kills the pod.
    """
    stalled = context.engines.busy_seconds()
    if stalled > context.settings.stall_seconds:
        raise Unavailable(f"The engine has made no progress for {stalled:.0f} s.")


def check_ready(context: Context) -> None:
    """Raises Unavailable unless every model has a version that answers, and from the first moment of draining."""
    if context.settings.draining_mark.exists():
        raise Unavailable("The service is stopping: it answers the requests it has, and takes no new ones.")
    catalog = context.engines.refresh()
    if not catalog.ready:
        waiting = ", ".join(name for name, model in catalog.models.items() if not model.default)
        raise Unavailable(f"Not every model answers yet: {waiting or 'none is loaded'}.")
