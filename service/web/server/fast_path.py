"""The fast path: a request's head straight to dispatch, without WSGI and Flask, for the routes that ask for it.

Flask's routing, contexts and response cost a worker more than decoding a small image does.
"""

from typing import TypeGuard

from service.client_socket import ClientSocket
from service.web.context import Context
from service.web.dispatch import dispatch
from service.web.request import Request
from service.web.response import Response
from service.web.routing import Match
from service.web.server.connection import Body
from service.web.server.head import Head


def takes(match: Match | None, method: str) -> TypeGuard[Match]:
    """Whether the request goes the fast path; everything else, mistakes included, goes to Flask."""
    return match is not None and match.route.fast_path and method in match.route.methods


def answer(match: Match, head: Head, body: Body, context: Context, client: ClientSocket, arrived: float) -> Response:
    """`arrived` on the monotonic clock."""
    request = Request(
        context=context,
        path=head.path,
        method=head.method,
        query=head.query,
        content_type=head.headers.get("CONTENT-TYPE", ""),
        content_length=head.content_length,
        get_header=head.get_header,
        stream=body,
        client=client,
        arrived=arrived,
    )
    return dispatch(match.route, request, match.spec)
