"""Whether the process is alive, whether it should get requests, and what it has counted."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from service.errors import Unavailable
from service.web.api.operations.metrics import Counted
from service.web.api.operations.process_memory import ProcessMemory
from service.web.request import Asked, Reply, Target, json


def livez(asked: Asked, _: Target) -> Reply:
    """The engine makes progress, or has not been away for long: a restart of it is no reason to end the whole pod."""
    here = asked.here
    stalled = here.engine.busy_seconds()
    if stalled > here.settings.stall_seconds:
        raise Unavailable(f"The engine has made no progress for {stalled:.0f} s.")
    return json({"live": True})


def readyz(asked: Asked, _: Target) -> Reply:
    here = asked.here
    if here.settings.draining_mark.exists():
        raise Unavailable("The service is stopping: it answers what has come, and takes nothing new.")
    catalog = here.engine.refresh()
    if not catalog.ready:
        waiting = ", ".join(name for name, model in catalog.models.items() if not model.default)
        raise Unavailable(f"Not every model answers yet: {waiting or 'none is loaded'}.")
    return json({"ready": True})


def metrics(asked: Asked, _: Target) -> Reply:
    registry = CollectorRegistry()
    registry.register(Counted(asked.here.settings.metrics_dir))
    registry.register(ProcessMemory())
    return Reply(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def index(asked: Asked, _: Target) -> Reply:
    """What is served, and where."""
    verbs = {"classifier": "predict", "generator": "generate"}
    served = [
        {"model": name, "version": found.number, "at": f"/{verbs[found.manifest.kind]}/{name}"}
        for name, model in asked.here.engine.catalog().models.items()
        if (found := model.default) and found.manifest
    ]
    return json({"service": "inkpaw", "models": served, "health": ["/livez", "/readyz"], "metrics": "/metrics"})
