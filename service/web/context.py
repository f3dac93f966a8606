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


_LARGEST_AT_ONCE = 4  # bodies and pictures of the largest size that a process has in flight, or as many smaller ones


def make_context(settings: Settings) -> Context:
    pixels = Budget(_LARGEST_AT_ONCE * settings.max_image_pixels, "Too many pixels wait to be decoded; try again.")
    bodies = Budget(_LARGEST_AT_ONCE * settings.max_body_bytes, "The worker holds too many large bodies; try again.")
    decoder = ImageDecoder(settings.decode_threads, settings.max_image_pixels, pixels)
    tracer = Tracer(settings.traces_url, settings.traces_share) if settings.traces_url is not None else None
    return Context(settings, EnginePool(settings.engine_sockets), decoder, bodies, tracer)
