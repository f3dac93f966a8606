"""Whether the process is alive, whether it should get requests, and what it has counted."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from service.errors import Unavailable
from service.web.context import context, json
from service.web.processes import ProcessMemory

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """The engine makes progress, or has not been away for long: a restart of it is no reason to end the whole pod."""
    here = context()
    stalled = here.engine.busy_seconds()
    if stalled > here.settings.stall_seconds:
        raise Unavailable(f"The engine has made no progress for {stalled:.0f} s.")
    return json({"live": True})


@blueprint.get("/readyz")
def readyz() -> Response:
    here = context()
    if here.settings.draining_mark.exists():
        raise Unavailable("The service is stopping: it answers what has come, and takes nothing new.")
    catalog = here.engine.refresh()
    if not catalog.ready:
        waiting = ", ".join(name for name, model in catalog.models.items() if not model.default)
        raise Unavailable(f"Not every model answers yet: {waiting or 'none is loaded'}.")
    return json({"ready": True})


@blueprint.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(context().settings.metrics_dir))  # type: ignore[no-untyped-call]
    registry.register(ProcessMemory())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/")
def index() -> Response:
    """What is served, and where."""
    verbs = {"classifier": "predict", "generator": "generate"}
    served = [
        {"model": name, "version": found.number, "at": f"/{verbs[found.manifest.kind]}/{name}"}
        for name, model in context().engine.catalog().models.items()
        if (found := model.default) and found.manifest
    ]
    return json({"service": "inkpaw", "models": served, "health": ["/livez", "/readyz"], "metrics": "/metrics"})
