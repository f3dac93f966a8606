"""The head of a request as most clients write it; whatever is written otherwise is for gunicorn's parser.

What is taken here is what no two servers read differently: a POST in HTTP/1.1 to a path of few characters, each field
once, on a line of its own, in printable ASCII, and a body whose length is told.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

END = b"\r\n\r\n"
MOST = 1 << 13  # bytes of a head; gunicorn's parser has bounds of its own

_FORM = re.compile(
    rb"POST (?P<path>/[A-Za-z0-9/._~-]*)(?:\?(?P<query>[!\"$-~]*))? HTTP/1\.1\r\n"
    rb"(?P<fields>(?:[A-Za-z0-9-]+:[ -~]*\r\n){1,64})\r\n"
)
_NOT_PLAIN = {"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "TE", "TRAILER"}
_STAYS = {"": True, "keep-alive": True, "close": False}
_LONGEST_NUMBER = 15  # digits


class Head(NamedTuple):
    """`headers` by their names in capitals; `length` in bytes of the body; `keep`: the client means to ask again."""

    path: str
    query: str
    headers: Mapping[str, str]
    length: int
    keep: bool


def read(head: bytes) -> Head | None:
    """The head, up to the empty line and with it; None if it is not plain."""
    found = _FORM.fullmatch(head) if len(head) <= MOST else None
    if found is None:
        return None
    lines = found["fields"].decode("ascii").split("\r\n")[:-1]
    headers = {name.upper(): value.strip(" ") for name, _, value in (line.partition(":") for line in lines)}
    length, keep = headers.get("CONTENT-LENGTH", ""), _STAYS.get(headers.get("CONNECTION", "").lower())
    if len(headers) < len(lines) or headers.keys() & _NOT_PLAIN or "HOST" not in headers:
        return None
    if keep is None or not length.isdecimal() or len(length) > _LONGEST_NUMBER:
        return None
    query = (found["query"] or b"").decode("ascii")
    return Head(found["path"].decode("ascii"), query, MappingProxyType(headers), int(length), keep)
