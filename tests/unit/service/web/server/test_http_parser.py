"""Parsing of requests: reads may cut them anywhere, and ambiguous requests are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BadRequest, HeadTooLarge
from service.web.server.head import MAX_FIELDS, Head
from service.web.server.http_parser import MAX_HEAD, HttpParser, Message

PLAIN = b"POST /predict/digits?top=3 HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 7\r\n\r\n"
CHUNKED = (
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: x\r\n\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
PARTS = [PLAIN + b"7 bytes", CHUNKED, GET, PLAIN + b"1234567", GET[:-2], b"\r\n"]


def feed(*parts: bytes) -> HttpParser:
    parser = HttpParser()
    for part in parts:
        parser.feed(part)
    return parser


def to_request(message: Message) -> tuple[Head, bytes, bool]:
    return message.head, b"".join(message.parts), message.complete


def read_head(data: bytes) -> Head:
    parser = feed(data)
    assert parser.error is None
    return parser.messages[0].head


def read_error(data: bytes) -> BadRequest | HeadTooLarge:
    error = feed(data).error
    assert isinstance(error, BadRequest | HeadTooLarge)
    return error


def test_head_is_read() -> None:
    head = read_head(PLAIN)
    assert (head.method, head.path, head.query, head.version) == ("POST", "/predict/digits", "top=3", "1.1")
    assert (head.content_length, head.keep_alive, head.headers["CONTENT-TYPE"]) == (7, True, "image/png")


@given(st.lists(st.integers(1, 400), max_size=8))
def test_requests_are_the_same_wherever_reads_cut_them(cuts: list[int]) -> None:
    data = PLAIN + b"7 bytes" + CHUNKED + GET + PLAIN + b"1234567"
    ends = sorted({*(cut for cut in cuts if cut < len(data)), len(data)})
    parser = feed(*(data[start:end] for start, end in zip([0, *ends], ends, strict=False)))
    assert parser.error is None
    assert [message.head.path for message in parser.messages] == ["/predict/digits", "/a", "/", "/predict/digits"]
    assert [b"".join(message.parts) for message in parser.messages] == [b"7 bytes", b"abcdefg", b"", b"1234567"]
    assert all(message.complete for message in parser.messages)


@given(
    st.lists(st.sampled_from([PLAIN + b"7 bytes", CHUNKED, GET, PLAIN + b"1234567", GET[:-2], b"\r\n"]), max_size=12)
)
def test_known_heads_change_no_request(parts: list[bytes]) -> None:
    """One part per read, as from a client that waits for each answer; and all of them in one read."""
    apart, together = feed(*parts), feed(b"".join(parts))
    assert (apart.error is None) == (together.error is None)
    assert list(map(to_request, apart.messages)) == list(map(to_request, together.messages))


def test_message_is_available_before_its_body() -> None:
    parser = feed(PLAIN + b"7 b")
    assert (len(parser.messages), parser.messages[0].complete) == (1, False)


@pytest.mark.parametrize(
    ("fields", "version", "keep_alive"),
    [
        (b"", b"1.1", True),
        (b"Connection: keep-alive\r\n", b"1.1", True),
        (b"Connection: Close\r\n", b"1.1", False),
        (b"Connection: te, close\r\n", b"1.1", False),
        (b"", b"1.0", False),
        (b"Connection: keep-alive\r\n", b"1.0", True),
    ],
)
def test_client_chooses_whether_the_connection_is_kept(fields: bytes, version: bytes, keep_alive: bool) -> None:
    assert read_head(b"GET / HTTP/" + version + b"\r\nHost: a\r\n" + fields + b"\r\n").keep_alive is keep_alive


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/a?", "/a", ""),
        (b"/a?b=c?d", "/a", "b=c?d"),
        (b"/a%20b", "/a%20b", ""),
        (b"//a/b", "//a/b", ""),
        (b"/a#b", "/a", ""),
        (b"http://elsewhere/a?b", "/a", "b"),
        (b"http://elsewhere", "/", ""),
    ],
)
def test_target_is_split_into_path_and_query(target: bytes, path: str, query: str) -> None:
    head = read_head(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (head.path, head.query) == (path, query)


def test_repeated_fields_are_joined() -> None:
    assert read_head(GET.replace(b"\r\n\r\n", b"\r\nX-A: b\r\nx-a: c\r\n\r\n")).headers["X-A"] == "b,c"


@given(st.integers(1, 300))
def test_offer_of_another_protocol_is_ignored(cut: int) -> None:
    offer = b"Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c"
    data = b"".join(
        [
            PLAIN.replace(b"Host: a", offer),
            b"7 bytes",
            CHUNKED.replace(b"Host: a", offer),
            GET.replace(b"Host: a", offer),
        ]
    )
    parser = feed(data[:cut], data[cut:], GET)
    assert parser.error is None
    assert [b"".join(message.parts) for message in parser.messages] == [b"7 bytes", b"abcdefg", b"", b""]
    assert [message.head.path for message in parser.messages] == ["/predict/digits", "/a", "/", "/"]
    assert all(message.complete for message in parser.messages)


def test_chunks_in_http_1_0_are_refused() -> None:
    assert read_error(CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0")).status == 400


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"HTTP/1.1", b"HTTP/2.0"),
        (b"HTTP/1.1", b"HTTP/0.9"),
        (b"HTTP/1.1", b""),
        (b"POST", b"post"),
        (b"POST", b"NONSENSE"),
        (b"POST /predict", b"CONNECT a:1"),
        (b"/digits", b"/di gits"),
        (b"/digits", b"/\xc3\xa9"),
        (b"/digits", b"/\x00"),
        (b"\r\n", b"\n"),
        (b"a\r\nContent-Type", b"a\nContent-Type"),
        (b"Host: a\r\n", b""),
        (b"Host: a", b"Host: a\r\nHost: b"),
        (b"Host: a", b"Host : a"),
        (b"Host: a", b"Host: a\r\n folded"),
        (b"Host: a", b"Host: a\r\n\tfolded"),
        (b"Host: a", b" Host: a"),
        (b"Host: a", b"Host: a\x00"),
        (b"Host: a", b"Host: a\rb"),
        (b"Host: a", b"Host: a\r\n: nameless"),
        (b"Host: a", b"Host: a\r\nTransfer-Encoding: chunked"),
        (b"Content-Length: 7", b"Transfer-Encoding: gzip, chunked"),
        (b"Content-Length: 7", b"Transfer-Encoding: identity"),
        (b"Content-Length: 7", b"Transfer-Encoding: chunked, identity"),
        (b"Content-Length: 7", b"Transfer-Encoding: xchunked"),
        (b"Content-Length: 7", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        (
            b"HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 7",
            b"HTTP/1.0\r\nTransfer-Encoding: chunked",
        ),
        (b"Length: 7", b"Length: +7"),
        (b"Length: 7", b"Length: -7"),
        (b"Length: 7", b"Length: 7, 7"),
        (b"Length: 7", b"Length: 0x7"),
        (b"Length: 7", b"Length: "),
        (b"Length: 7", b"Length: " + b"7" * 30),
        (b"Length: 7", b"Length:\r\n 7"),
        (b"Content-Length: 7", b"Content-Length: 7\r\nContent-Length: 7"),
        (b"Content-Length: 7", b"Content-Length: 7\r\nContent-Length: 8"),
    ],
)
def test_request_that_two_servers_may_read_differently_is_refused(old: bytes, new: bytes) -> None:
    assert old in PLAIN
    assert read_error(PLAIN.replace(old, new)).status == 400


@pytest.mark.parametrize("chunk", [b"zz\r\nabc", b"3\nabc", b"3\r\nabcde", b"-3\r\nabc", b"f" * 20 + b"\r\nabc"])
def test_broken_chunk_is_an_error_of_its_request(chunk: bytes) -> None:
    parser = feed(GET + CHUNKED.replace(b"3\r\nabc", chunk))
    assert [message.complete for message in parser.messages] == [True, False]
    assert isinstance(parser.error, BadRequest)


def test_requests_before_a_broken_one_are_kept() -> None:
    parser = feed(GET + GET + b"nonsense\r\n\r\n")
    assert [message.complete for message in parser.messages] == [True, True]
    assert isinstance(parser.error, BadRequest)


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nHost: a\r\nX"])
def test_head_has_a_limit_in_bytes(start: bytes) -> None:
    parser = feed(GET, start)
    fed_bytes = 0
    while parser.error is None and fed_bytes < 4 * MAX_HEAD:
        parser.feed(b"a" * 1000)
        fed_bytes += 1000
    assert isinstance(parser.error, HeadTooLarge)
    assert MAX_HEAD - 1000 <= fed_bytes <= MAX_HEAD + 2000


def test_body_does_not_count_as_head() -> None:
    body = bytes(3 * MAX_HEAD)
    data = PLAIN.replace(b"Length: 7", b"Length: %d" % len(body)) + body + GET[:10]
    assert feed(data, GET[10:20], GET[20:]).error is None


def test_head_has_a_limit_in_fields() -> None:
    fields = b"".join(b"X-%d: a\r\n" % number for number in range(MAX_FIELDS))
    assert read_error(GET.replace(b"\r\n\r\n", b"\r\n" + fields + b"\r\n")).status == 431


@pytest.mark.parametrize(
    "endless", [b"1;x=" + b"a" * 999, b"1\r\na\r\n0\r\nX: " + b"a" * 999, b"0\r\n" + b"X: a\r\n" * 99]
)
def test_endless_extensions_and_trailers_are_refused(endless: bytes) -> None:
    parser = feed(CHUNKED[: CHUNKED.index(b"3\r\n")], endless)
    for _ in range(9):
        parser.feed(b"X: a\r\n" * 3000 if endless.startswith(b"0") else b"a" * (1 << 14))
    assert isinstance(parser.error, BadRequest | HeadTooLarge)


def test_body_of_one_byte_per_chunk_is_read() -> None:
    parser = feed(CHUNKED[: CHUNKED.index(b"3\r\n")], *[b"1\r\na\r\n" * 5000] * 20, b"0\r\n\r\n")
    assert parser.error is None
    assert b"".join(parser.messages[0].parts) == b"a" * 100_000
