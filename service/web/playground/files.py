"""The files of the playground, read once at start: no path from a client reaches the file system."""

import hashlib
from importlib.resources import files
from pathlib import PurePath
from typing import NamedTuple

from werkzeug.http import parse_etags, quote_etag

from service.errors import NotFound
from service.web.request import Request
from service.web.response import Response

PAGE = "index.html"
_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",  # thumbnails, and the pictures in the service's JSON
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)
_HEADERS = {
    "Cache-Control": "public, no-cache",  # kept, but asked for by its tag: a new version of the page shows at once
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageFile(NamedTuple):
    body: bytes
    content_type: str
    etag: str


def _read_files() -> dict[str, PageFile]:
    """The files of this package by name, but for its Python."""
    table = {}
    for entry in files(__package__).iterdir():
        content_type = _CONTENT_TYPES.get(PurePath(entry.name).suffix)
        if content_type is not None:
            body = entry.read_bytes()
            table[entry.name] = PageFile(body, content_type, hashlib.sha256(body).hexdigest()[:32])
    return table


FILES = _read_files()


def make_file_response(request: Request, name: str) -> Response:
    """The file, or 304 for a client that has it. Raises NotFound."""
    file = FILES.get(name)
    if file is None:
        raise NotFound("There is nothing at this path.")
    headers = {**_HEADERS, "ETag": quote_etag(file.etag)}
    if file.etag in parse_etags(request.get_header("If-None-Match")):
        return Response(status=304, content_type=file.content_type, headers=headers)
    return Response(file.body, content_type=file.content_type, headers=headers)
