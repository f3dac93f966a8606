"""What every endpoint needs of the process that it runs in."""

from dataclasses import dataclass

from service.ipc.pool import EnginePool
from service.settings import Settings
from service.web.budget import Budget
from service.web.codecs.images import ImageDecoder
from service.web.tracing.tracer import Tracer


@dataclass(frozen=True)
class Context:
    settings: Settings
    engines: EnginePool
    decoder: ImageDecoder
    body_budget: Budget  # bytes
    tracer: Tracer | None = None
