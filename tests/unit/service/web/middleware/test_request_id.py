"""The id of a request: the client's if it is safe, else a new one."""

import os
import re

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service.web.middleware.request_id import choose_request_id, make_request_id

GIVEN = "0af76519-16cd-43dd-8448-eb211c80319c"


@pytest.mark.parametrize("given_id", [GIVEN, "a", "req_1.2:3+4=/~", "x" * 128])
def test_safe_id_is_taken(given_id: str) -> None:
    assert choose_request_id({"X-Request-Id": given_id}.get) == given_id


@pytest.mark.parametrize("given_id", ["", "x" * 129, "a b", "a\nb", "a\n", 'a"b', "a,b", "me@example.com", "é", "{id}"])
def test_unsafe_id_is_replaced(given_id: str) -> None:
    assert choose_request_id({"X-Request-Id": given_id}.get) != given_id


@given(st.text())
def test_id_is_always_short_and_of_safe_characters(given_id: str) -> None:
    assert re.fullmatch(r"[\w.:+=/~-]{1,128}", choose_request_id(lambda _: given_id), re.ASCII)


def test_new_ids_differ_also_between_a_process_and_its_fork() -> None:
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writer, "\n".join(make_request_id() for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    ids = os.read(reader, 1 << 16).decode().split() + [make_request_id() for _ in range(100)]
    os.close(reader)
    assert len(set(ids)) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", ["/livez", "/nothing", "/predict/echo"])
def test_every_answer_has_the_id(web: FlaskClient, method: str, path: str) -> None:
    assert web.open(path, method=method, headers={"X-Request-Id": GIVEN}).headers["X-Request-Id"] == GIVEN
    assert len(web.open(path, method=method).headers["X-Request-Id"]) == 24
