"""Whether the service is alive, and whether it should get requests: each protocol has paths that ask for it."""

from service.errors import Unavailable
from service.web.context import Context

_PROBE_SECONDS = 0.3  # a probe must be answered within half a second, whatever hangs


def check_live(context: Context) -> None:
    """Raises Unavailable when an engine hangs or does not start, and its supervisor has not mended that in time.

    An engine that is being replaced must not fail liveness, or Kubernetes kills the pod.
    """
    if hang := context.engines.describe_hang(context.settings.stall_seconds):
        raise Unavailable(hang)


def check_ready(context: Context) -> None:
    """Raises Unavailable unless every model has a version that answers, and from the first moment of draining."""
    if context.settings.draining_mark.exists():
        raise Unavailable("The service is stopping: it answers the requests it has, and takes no new ones.")
    catalog = context.engines.probe(_PROBE_SECONDS)
    if not catalog.ready:
        waiting = ", ".join(name for name, model in catalog.models.items() if not model.default)
        raise Unavailable(f"Not every model answers yet: {waiting or 'none is loaded'}.")
