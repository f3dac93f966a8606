"""The head of a plain request is read as gunicorn's own parser reads it; what is not plain is not taken."""

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from service.web.server import http_parser as head

PLAIN = b"POST /predict/digits?top=3 HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 7\r\n\r\n"


def by_gunicorn(data: bytes) -> Request:
    return Request(Config(), IterUnreader([data]), ("127.0.0.1", 1))


def test_a_plain_head_is_read() -> None:
    found = head.read(PLAIN)
    assert found is not None
    assert (found.path, found.query, found.length, found.keep) == ("/predict/digits", "top=3", 7, True)
    assert found.headers["CONTENT-TYPE"] == "image/png"


@pytest.mark.parametrize(("said", "keep"), [(b"keep-alive", True), (b"Keep-Alive", True), (b"close", False)])
def test_whether_the_client_means_to_stay(said: bytes, keep: bool) -> None:
    found = head.read(PLAIN.replace(b"Host: a", b"Host: a\r\nConnection: " + said))
    assert found is not None and found.keep is keep


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"POST", b"GET"),
        (b"POST", b"post"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"POST /", b"POST http://a/"),
        (b"/digits", b"/d%69gits"),
        (b"/digits", b"/di gits"),
        (b"top=3", b"top=3#a"),
        (b"\r\n", b"\n"),
        (b"Host: a\r\n", b""),
        (b"Host: a", b"Host: a\r\nHost: b"),
        (b"Host: a", b"Host : a"),
        (b"Host: a", b"Host: a\r\n folded"),
        (b"Host: a", b"Host: a\x00"),
        (b"Host: a", b"Host: a\r\nX_Under: 1"),
        (b"Host: a", b"Host: a\r\nTransfer-Encoding: chunked"),
        (b"Host: a", b"Host: a\r\nExpect: 100-continue"),
        (b"Host: a", b"Host: a\r\nConnection: upgrade, http2-settings"),
        (b"Host: a", b"Host: a\r\nX: " + bytes([0xE9])),
        (b"Host: a", b"Host: a\r\nX: " + b"x" * head.MOST),
        (b"Content-Length: 7\r\n", b""),
        (b"Length: 7", b"Length: +7"),
        (b"Length: 7", b"Length: 7, 7"),
        (b"Length: 7", b"Length: " + b"7" * 30),
        (b"Content-Length: 7", b"Content-Length: 7\r\nContent-Length: 8"),
        (b"\r\n\r\n", b"\r\n"),
        (b"POST", b"\r\nPOST"),
    ],
)
def test_what_is_not_plain_is_not_taken(old: bytes, new: bytes) -> None:
    assert old in PLAIN
    assert head.read(PLAIN.replace(old, new)) is None


spaces = st.text(" \t", max_size=2)
names = st.sampled_from(["Host", "Content-Length", "content-length", "Accept", "Connection", "X-A", "X_A", "Te", "É"])
values = st.one_of(st.sampled_from(["7", "0", "close", "keep-alive", "chunked", "a b", ""]), st.text(max_size=4))
fields = st.builds(
    lambda name, before, value, after: f"{name}:{before}{value}{after}\r\n", names, spaces, values, spaces
)
targets = st.one_of(
    st.sampled_from(["/predict/a", "/v2/models/a/infer", "//a/b", "/a/../b", "/", "*", "/a?b=c?d&&", "/a;b", "/?"]),
    st.text("/?#;:@%a.", max_size=6),
)


@given(targets, st.lists(fields, max_size=4))
def test_whatever_is_taken_gunicorn_reads_alike(target: str, fields: list[str]) -> None:
    data = f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n{''.join(fields)}\r\n".encode()
    found = head.read(data)
    if found is not None:
        theirs = by_gunicorn(data)
        assert (found.path, found.query) == (theirs.path, theirs.query)
        assert dict(found.headers) == dict(theirs.headers)
        assert found.keep is not theirs.should_close()
