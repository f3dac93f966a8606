"""The id of a request, `X-Request-Id`: the client's if it is safe to repeat, else a new one.

A new id is a random start per process and a counter, because a random one per request costs several times as much.
"""

import os
import re
from collections.abc import Callable
from itertools import count

HEADER = "X-Request-Id"

_SAFE = re.compile(r"[A-Za-z0-9._:+=/~-]{1,128}")


def choose_request_id(get_header: Callable[[str], str | None]) -> str:
    given = get_header(HEADER)
    return given if given and _SAFE.fullmatch(given) else make_request_id()


def make_request_id() -> str:
    return f"{_start}{next(_numbers):08x}"


def _restart() -> None:
    global _start, _numbers
    _start, _numbers = os.urandom(8).hex(), count()


_start, _numbers = "", count()
_restart()
os.register_at_fork(after_in_child=_restart)  # or all workers would make the ids of their master
