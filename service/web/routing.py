"""The route table: what each path means, spelled once per protocol and read by both doors, Flask and the fast path.

A protocol's `routes.py` lists its routes. Flask's rules, the fast path's patterns, the exemption from admission, the
metric's label, the shape of an error and the OpenAPI document all come from there.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from service.access.scopes import Scope
from service.errors import InkpawError
from service.web.request import ModelSpec, Request
from service.web.response import Response
from service.web.route_doc import RouteDoc

Endpoint = Callable[[Request, ModelSpec], Response]

_PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
_PATTERNS = {None: r"[^/%]+", "plain": r"[^/%:]+", "version": r"[0-9]{1,18}"}
_MAX_CACHED_PATH = 256  # characters; the cache of matches must stay small whatever clients send
_CACHED_PATHS = 256


class NativeError(msgspec.Struct):
    """What went wrong: a stable code for programs, and a sentence for people."""

    code: str
    message: str


def native_error_body(error: InkpawError) -> NativeError:
    """The `error` of Inkpaw's own API."""
    return NativeError(error.code, error.message)


def message_error_body(error: InkpawError) -> str:
    """The `error` of TensorFlow Serving's API and of the Open Inference Protocol: the sentence alone."""
    return error.message


@dataclass(frozen=True)
class Protocol:
    """`name` is the metrics' label; `error_body` makes the value of `error` in the JSON of an error response.

    `unmatched` is the error where no route takes a path, if not that of HTTP, 404. `title` is for people.
    """

    name: str
    error_body: Callable[[InkpawError], object] = native_error_body
    unmatched: type[InkpawError] | None = None
    title: str = ""


@dataclass(frozen=True)
class Route:
    """One endpoint and its paths.

    `rules` are Flask's, with the parameters of ModelSpec: `<name>`, `<version:version>`, `<label>`; `<plain:name>` has
    no colon, which may begin a verb. A slash at the end of a path means nothing. With `admission` a request takes a
    place of its worker, and gets 503 when there is none; without, it always gets in. With `fast_path` a plain request
    skips Flask. `doc` is what `/openapi.json` says about it. `scope` is what a key must hold where there are keys.
    `finish` adds to every response what the settings ask for, also to errors: `middleware/access_control.py` sets it.
    """

    rules: tuple[str, ...]
    methods: tuple[str, ...]
    endpoint: Endpoint
    protocol: Protocol
    admission: bool = True
    fast_path: bool = False
    doc: RouteDoc | None = None
    scope: Scope = Scope.PREDICT
    finish: Callable[[Request, Response], None] | None = None


class Match(NamedTuple):
    route: Route
    spec: ModelSpec


class Router:
    """Finds the route of a path. Paths with percent-encoding have no match here: Flask decodes them."""

    def __init__(self, routes: Iterable[Route], default: Protocol) -> None:
        self.routes = tuple(routes)
        self.default = default
        self._protocols = {_first_segment(rule): route.protocol for route in self.routes for rule in route.rules}
        self._patterns = [(_to_pattern(rule), route) for route in self.routes for rule in route.rules]
        self._find_cached = lru_cache(_CACHED_PATHS)(self._find)

    def match(self, path: str) -> Match | None:
        """The route of the path and the model that it names; the method is not looked at."""
        return self._find_cached(path) if len(path) <= _MAX_CACHED_PATH else self._find(path)

    def _find(self, path: str) -> Match | None:
        path = path.removesuffix("/") or path
        for pattern, route in self._patterns:
            if match := pattern.fullmatch(path):
                fields = match.groupdict()
                version = fields.get("version")
                spec = ModelSpec(fields.get("name", ""), int(version) if version else None, fields.get("label"))
                return Match(route, spec)
        return None

    def get_protocol(self, path: str) -> Protocol:
        """The protocol of a path, by its first segment, also where no route matches; else the default."""
        return self._protocols.get(_first_segment(path), self.default)


def _first_segment(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""


def _to_pattern(rule: str) -> re.Pattern[str]:
    """The regular expression of one of Flask's rules."""
    pattern, end = "", 0
    for parameter in _PARAMETER.finditer(rule):
        pattern += re.escape(rule[end : parameter.start()])
        pattern += f"(?P<{parameter['name']}>{_PATTERNS[parameter['converter']]})"
        end = parameter.end()
    return re.compile(pattern + re.escape(rule[end:]))
