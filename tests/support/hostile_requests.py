"""Changes to a good request that make it hostile or unusual, and whole requests that try to smuggle another.

A change is what is replaced in the request's head, and by what; `LENGTH` stands for the length of its body.
"""


def change(head: bytes, replacement: tuple[bytes, bytes]) -> bytes:
    old, new = replacement
    assert old in head
    return head.replace(old, new)


# with the status that the service answers
HOSTILE = {
    "second length, equal": (b"Host: a", b"Host: a\r\nContent-Length: LENGTH", 400),
    "second length, other": (b"Host: a", b"Host: a\r\nContent-Length: 1", 400),
    "length in a list": (b"Length: LENGTH", b"Length: LENGTH, LENGTH", 400),
    "length with a sign": (b"Length: LENGTH", b"Length: +LENGTH", 400),
    "length of 30 digits": (b"Length: LENGTH", b"Length: " + b"9" * 30, 400),
    "length and chunks": (b"Host: a", b"Host: a\r\nTransfer-Encoding: chunked", 400),
    "chunks and length": (b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    "other coding": (b"Content-Length: LENGTH", b"Transfer-Encoding: identity", 400),
    "coding that almost is chunked": (b"Content-Length: LENGTH", b"Transfer-Encoding: xchunked", 400),
    "coding on top of chunks": (b"Content-Length: LENGTH", b"Transfer-Encoding: gzip, chunked", 400),
    "bare line feeds": (b"\r\n", b"\n", 400),
    "one bare line feed": (b"Host: a\r\n", b"Host: a\n", 400),
    "folded line": (b"Host: a", b"Host: a\r\nX-A: b\r\n c", 400),
    "folded length": (b"Length: LENGTH", b"Length:\r\n LENGTH", 400),
    "NUL in a value": (b"Host: a", b"Host: a\r\nX-A: b\x00c", 400),
    "NUL in a path": (b" HTTP/1.1", b"\x00 HTTP/1.1", 400),
    "carriage return in a value": (b"Host: a", b"Host: a\r\nX-A: b\rc", 400),
    "space before the colon": (b"Content-Length:", b"Content-Length :", 400),
    "field without a name": (b"Host: a", b"Host: a\r\n: b", 400),
    "no host": (b"Host: a\r\n", b"", 400),
    "two hosts": (b"Host: a", b"Host: a\r\nHost: b", 400),
    "method in small letters": (b"POST", b"post", 400),
    "HTTP/0.9": (b" HTTP/1.1", b"", 400),
    "HTTP/2.0": (b"HTTP/1.1", b"HTTP/2.0", 400),
    "head of 200 KB": (b"Host: a", b"Host: a\r\nX-A: " + b"b" * 200_000, 431),
    "200 fields": (b"Host: a", b"Host: a\r\n" + b"\r\n".join(b"X-%d: b" % number for number in range(200)), 431),
}

UNUSUAL = {
    "absolute target": (b"POST ", b"POST http://elsewhere"),
    "field twice": (b"Host: a", b"Host: a\r\nX-A: b\r\nX-A: c"),
    "name with an underscore": (b"Host: a", b"Host: a\r\nContent_Length: 1"),
    "offer of another protocol": (b"Host: a", b"Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c"),
    "value outside ASCII": (b"Host: a", b"Host: a\r\nX-A: \xe9"),
    "empty lines before": (b"POST", b"\r\n\r\nPOST"),
    "length with zeros": (b"Length: ", b"Length: 000"),
    "names in small letters": (b"Content-Length", b"content-length"),
}

# `INNER` stands for a whole other request, which one of two servers may read where the other reads a body
END = b"0\r\n\r\nINNER"  # of a body in chunks
CHUNKED = b"Transfer-Encoding: chunked"
SIZED = b"Content-Length: SIZE"


def _make(*fields: bytes, body: bytes = b"INNER", line: bytes = b"POST PATH HTTP/1.1") -> bytes:
    return b"\r\n".join([line, b"Host: a", *fields, b"", body])


CODINGS = (
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding: chunked\x0b",
    b" Transfer-Encoding: chunked",
    b"X: y\nTransfer-Encoding: chunked",
    b"X: y\rTransfer-Encoding: chunked",
    b"X: y\r\n\tTransfer-Encoding: chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: 'chunked'",
    b"Transfer-Encoding: CHUNKED",
    b"Transfer-Encoding: chunk",
    b"Transfer_Encoding: chunked",
    b"Transfer-Encoding\x00: chunked",
    b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
    b"Connection: Content-Length",
)
SIZES = (
    *(b'2;x="\r\n"', b"2 ", b" 2", b"+2", b"-2", b"0x2", b"2\x00", b"2;a\nb", b"00000000000000000000002", b"2\r"),
    *(b"1" + b"0" * 16 + b"2", b"2,", b"2;" + b"x" * 5000),
)
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"
WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)
SMUGGLING = {
    "inner in the body": _make(SIZED),
    "length 0 and inner": _make(b"Content-Length: 0"),
    "length then chunks": _make(SIZED, CHUNKED, body=END),
    "chunks then length": _make(CHUNKED, b"Content-Length: 4", body=b"HEXSIZE\r\nINNER\r\n0\r\n\r\n"),
    **{f"chunks as {coding!r}": _make(SIZED, coding, body=END) for coding in CODINGS},
    **{f"chunk size {size[:30]!r}": _make(CHUNKED, body=size + b"\r\nab\r\n" + END) for size in SIZES},
    "chunk that ends by a line feed": _make(CHUNKED, body=b"2\nab\n0\n\nINNER"),
    "chunk longer than its size": _make(CHUNKED, body=b"2\r\nabcd\r\n" + END),
    "trailer that is a length": _make(CHUNKED, body=b"0\r\nContent-Length: SIZE\r\n\r\nINNER"),
    "GET with a body": _make(SIZED, line=b"GET PATH HTTP/1.1"),
    "HEAD with a body": _make(SIZED, line=b"HEAD PATH HTTP/1.1"),
    "OPTIONS with chunks": _make(CHUNKED, body=END, line=b"OPTIONS PATH HTTP/1.1"),
    "CONNECT": _make(line=b"CONNECT PATH HTTP/1.1"),
    "upgrade to h2c": _make(H2C, SIZED),
    "upgrade to websocket": _make(WEBSOCKET, line=b"GET PATH HTTP/1.1"),
    "expectation and inner": _make(b"Expect: 100-continue", SIZED),
    "chunks in HTTP/1.0": _make(b"Connection: keep-alive", CHUNKED, body=END, line=b"POST PATH HTTP/1.0"),
    "line feed in the target": _make(line=b"GET PATH\n HTTP/1.1"),
    "space in the target": _make(line=b"GET PATH HTTP/1.1 HTTP/1.1"),
    "two spaces": _make(line=b"GET  PATH  HTTP/1.1"),
    "absolute target with another host": _make(line=b"GET http://otherPATH HTTP/1.1"),
    "encoded line ends in the target": _make(line=b"GET PATH%0d%0aContent-Length:%205 HTTP/1.1"),
    "colon in a length": _make(b"Content-Length: 0: SIZE"),
    "length in hexadecimal": _make(b"Content-Length: 0x10"),
    "length with a list of the same": _make(b"Content-Length: SIZE,SIZE"),
    "length that overflows": _make(b"Content-Length: 18446744073709551616"),
    "length with a space inside": _make(b"Content-Length: 1 0"),
}


def fill(template: bytes, path: bytes, inner: bytes) -> bytes:
    """A request of SMUGGLING; `SIZE` is that of the inner one."""
    size = b"%d" % len(inner)
    filled = template.replace(b"HEXSIZE", b"%x" % len(inner)).replace(b"SIZE", size)
    return filled.replace(b"PATH", path).replace(b"INNER", inner)
