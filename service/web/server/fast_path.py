"""The short way to a handler, past gunicorn's parser and Flask, for what is asked most: a plain POST to a model.

Parsing, routing, contexts and the response cost a worker more than decoding a small image does. Whatever is not plain,
mistakes included, goes by gunicorn and Flask's routes to the same handlers.
"""

import re
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from service.web.api.native import predict
from service.web.api.open_inference import infer as v2
from service.web.body import Stream
from service.web.context import Context
from service.web.dispatch import answer
from service.web.request import Asked, Handler, Reply, Target
from service.web.server import http_parser as heads

_WAYS: list[tuple[re.Pattern[str], Handler]] = [
    (re.compile(r"/predict/([^/%]+)(?:/versions/([0-9]+)|/labels/([^/%]+))?"), predict.predict),
    (re.compile(r"/v2/models/([^/%]+)(?:/versions/([0-9]+))?()/infer"), v2.infer),
]
_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {499: "Client Closed Request"}

_HEADS = 256


class Call(NamedTuple):
    head: heads.Head
    handler: Handler
    target: Target


def find(path: str) -> tuple[Handler, Target] | None:
    """The handler of a POST to that path, and what the path names; None if Flask is to look at it."""
    for way, handler in _WAYS:
        if found := way.fullmatch(path):
            name, version, label = found.groups()
            return handler, Target(name, int(version) if version else None, label or None)
    return None


@lru_cache(_HEADS)  # a client writes the same head time and again
def call(head: bytes) -> Call | None:
    """What a request's head asks for, if it is plain and asks in a plain way."""
    read = heads.read(head)
    found = find(read.path) if read is not None else None
    return Call(read, *found) if read is not None and found is not None else None


def reply_to(call: Call, body: Stream, here: Context, caller: int | None) -> Reply:
    """`caller` is the file descriptor of the client's socket."""
    path, query, headers, length, _ = call.head
    asked = Asked(
        here=here,
        path=path,
        method="POST",
        query=query,
        content_type=headers.get("CONTENT-TYPE", ""),
        length=length,
        header=lambda name: headers.get(name.upper()),
        stream=body,
        caller=caller,
    )
    return answer(asked, call.handler, call.target)


def whole(reply: Reply, keep: bool) -> bytes:
    """The reply as it goes over the wire; `keep` says whether the connection stays."""
    fields = {
        "Content-Type": reply.content_type,
        "Content-Length": len(reply.body),
        "Connection": "keep-alive" if keep else "close",
        "Date": _date(int(time.time())),
        **reply.headers,
    }
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields.items()])
    return f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, '')}\r\n{lines}\r\n".encode("latin-1") + reply.body


@lru_cache(1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
