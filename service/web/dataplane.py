"""From a path's target to the engine's outputs: which version is meant, and what it makes of a request's rows."""

import random
from collections.abc import Callable, Mapping

from numpy.typing import NDArray

from service.catalog import Version
from service.errors import BadRequest, EngineDown, ModelNotFound, Unavailable
from service.web.request import Asked, Reply, Target

Answer = Callable[[Asked, Target, Version], Reply]


def resolve(asked: Asked, kind: str | None, target: Target) -> Version:
    """The version that is meant, of that kind if one is given. Raises ModelNotFound, Unavailable, BadRequest."""
    engine, percent = asked.here.engine, asked.here.settings.canary_percent
    canary = percent > 0 and random.random() * 100 < percent
    try:
        found = engine.catalog().resolve(*target, canary)
    except (ModelNotFound, Unavailable):
        found = engine.refresh().resolve(*target, canary)  # it may have come since
    asked.model, asked.version = target.name, str(found.number)
    if kind is not None and (found.manifest is None or found.manifest.kind != kind):
        raise BadRequest(f"Model '{target.name}' is no {kind}.")
    return found


def answered(asked: Asked, kind: str | None, target: Target, answer: Answer) -> Reply:
    """What `answer` makes of the version that the target means; made anew if that was unloaded meanwhile."""
    found = resolve(asked, kind, target)
    try:
        return answer(asked, target, found)
    except (ModelNotFound, EngineDown):
        asked.here.engine.refresh()
        again = resolve(asked, kind, target)
        if again.number == found.number:
            raise
        return answer(asked, target, again)


def run(asked: Asked, name: str, version: Version, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """The engine's outputs for this request's rows. Raises what Engines.run raises."""
    return asked.here.engine.run(name, version, inputs, asked.deadline, asked.caller)
