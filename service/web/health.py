"""Whether the service is alive, and whether it should get requests: each protocol has paths that ask for it."""

import msgspec

from service.errors import Unavailable
from service.web.context import Context

_PROBE_SECONDS = 0.3  # a probe must be answered within half a second, whatever hangs


class Live(msgspec.Struct):
    live: bool = True


class Ready(msgspec.Struct):
    ready: bool = True


def check_live(context: Context) -> None:
    """Raises Unavailable when an engine hangs or does not start, and its supervisor has not mended that in time.

    An engine that is being replaced must not fail liveness, or Kubernetes kills the pod.
    """
    if hang := context.engines.describe_hang(context.settings.stall_seconds):
        raise Unavailable(hang)


def check_ready(context: Context) -> None:
    """Raises Unavailable unless a model answers, and every one that was there at the start or has answered since; and
    from the first moment of draining.

    A newcomer that fails is told elsewhere: it must not take every pod that shares the folder out of the Service.
    """
    if context.settings.draining_mark.exists():
        raise Unavailable("The service is stopping: it answers the requests it has, and takes no new ones.")
    catalog = context.engines.probe(_PROBE_SECONDS)
    if not catalog.ready:
        raise Unavailable(f"Not every model answers yet: {', '.join(catalog.waiting) or 'none is loaded'}.")
