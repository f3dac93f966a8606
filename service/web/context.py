"""What a request's handlers share: the settings, the engine, the request's deadline, and what to count it under."""

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import cast

import msgspec
from flask import Flask, Response, current_app, g, request
from numpy.typing import NDArray

from service.catalog import Version
from service.engine.client import Engines
from service.errors import BadRequest, EngineDown, ModelNotFound, Unavailable
from service.settings import Settings
from service.web import bodies

_KEY = "inkpaw"


@dataclass(frozen=True)
class Context:
    """`decoders`: threads that share the images of one request; Pillow lets go of the interpreter while it decodes."""

    settings: Settings
    engine: Engines
    decoders: Executor


def attach(app: Flask, context: Context) -> None:
    app.extensions[_KEY] = context


def context() -> Context:
    return cast(Context, current_app.extensions[_KEY])


def begin(protocol: str) -> None:
    """Note the arrival; called first for every request."""
    g.arrived = time.monotonic()
    g.protocol, g.model, g.version = protocol, "", ""


def deadline() -> float:
    """When the answer must have been given, on the monotonic clock."""
    return cast(float, g.arrived) + context().settings.request_seconds


def body() -> bytes:
    """The request's body, within its bounds, read once. Raises RequestTooLarge, RequestTimeout."""
    if "body" not in g:
        g.body = bodies.read(request, context().settings.max_body_bytes, deadline())
    return cast(bytes, g.body)


def run(name: str, version: Version, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """The engine's outputs for this request's rows. Raises what EngineClient.run raises."""
    return context().engine.run(name, version, inputs, deadline(), caller())


def caller() -> int | None:
    """The file descriptor of the client's socket, if the server shows it."""
    sock = request.environ.get("gunicorn.socket")
    return sock.fileno() if sock else None


def resolve(name: str, kind: str, version: int | None, label: str | None) -> Version:
    """The version that the path means. Raises ModelNotFound, Unavailable, BadRequest if it is not of that kind."""
    engine = context().engine
    canary = random.random() * 100 < context().settings.canary_percent
    try:
        found = engine.catalog().resolve(name, version, label, canary)
    except (ModelNotFound, Unavailable):
        found = engine.refresh().resolve(name, version, label, canary)  # it may have come since
    g.model, g.version = name, str(found.number)
    if found.manifest is None or found.manifest.kind != kind:
        raise BadRequest(f"Model '{name}' is no {kind}.")
    return found


def answered(
    name: str, kind: str, version: int | None, label: str | None, answer: Callable[[Version], Response]
) -> Response:
    """What `answer` makes of the version that the path means; made anew if that was unloaded meanwhile."""
    found = resolve(name, kind, version, label)
    try:
        return answer(found)
    except (ModelNotFound, EngineDown):
        context().engine.refresh()
        again = resolve(name, kind, version, label)
        if again.number == found.number:
            raise
        return answer(again)


def json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")
