"""The other door: a request as a WSGI environment (PEP 3333) for Flask, and its answer as a Response."""

import sys
from typing import Any
from urllib.parse import unquote_to_bytes

from service.web.app import ARRIVED, CLIENT, App
from service.web.response import Response
from service.web.server.connection import Body, Connection
from service.web.server.head import Head

_NOT_PREFIXED = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}


def answer(app: App, head: Head, body: Body, connection: Connection, arrived: float) -> Response:
    """`arrived` on the monotonic clock."""
    environ = _make_environ(head, body, connection) | {CLIENT: connection.client, ARRIVED: arrived}
    response = Response()

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        response.status, response.headers = int(status.split(" ", 1)[0]), dict(headers)

    parts = app(environ, start_response)
    try:
        response.body = b"".join(parts)
    finally:
        parts.close()  # type: ignore[attr-defined]
    return response


def _make_environ(head: Head, body: Body, connection: Connection) -> dict[str, Any]:
    host, port = connection.sock.getsockname()[:2]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(head.path).decode("latin-1"),
        "QUERY_STRING": head.query,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{head.version}",
        "REMOTE_ADDR": connection.client.address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in head.headers.items():
        if "_" not in name:  # WSGI writes `A_B` and `A-B` alike: only the one that proxies check is passed on
            environ[_NOT_PREFIXED.get(name) or "HTTP_" + name.replace("-", "_")] = value
    return environ
