"""The short way to a handler, past Flask, for what is asked most: a POST that names a model in the plain way.

Flask's routing, contexts and response cost a worker as much as decoding a small image does. Whatever is not plain,
mistakes included, goes by Flask's routes to the same handlers.
"""

import re
import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from service.web import predict, v2
from service.web.answering import answer
from service.web.asked import Asked, Handler, Reply, Target
from service.web.context import Context

_WAYS: list[tuple[re.Pattern[str], Handler]] = [
    (re.compile(r"/predict/([^/%]+)(?:/versions/([0-9]+)|/labels/([^/%]+))?"), predict.predict),
    (re.compile(r"/v2/models/([^/%]+)(?:/versions/([0-9]+))?()/infer"), v2.infer),
]
_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {499: "Client Closed Request"}


def find(path: str) -> tuple[Handler, Target] | None:
    """The handler of a POST to that path, and what the path names; None if Flask is to look at it."""
    for way, handler in _WAYS:
        if found := way.fullmatch(path):
            name, version, label = found.groups()
            return handler, Target(name, int(version) if version else None, label or None)
    return None


def reply_to(req: Any, here: Context, caller: int) -> Reply | None:
    """The reply to a request of gunicorn's; None if it must go by Flask."""
    found = find(req.path) if req.method == "POST" else None
    headers: Mapping[str, str] = dict(req.headers) if found else {}
    if found is None or "EXPECT" in headers:
        return None
    length = headers.get("CONTENT-LENGTH")
    asked = Asked(
        here=here,
        path=req.path,
        method=req.method,
        query=req.query,
        content_type=headers.get("CONTENT-TYPE", ""),
        length=int(length) if length else None,
        header=lambda name: headers.get(name.upper()),
        stream=req.body,
        caller=caller,
    )
    return answer(asked, *found)


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
