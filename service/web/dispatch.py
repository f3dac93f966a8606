"""A handler's reply, or the reply to what went wrong in it, counted: what both ways to a handler end in."""

import time

from service import metrics
from service.web import error_response as failures
from service.web.request import Asked, Handler, Reply, Target


def answer(asked: Asked, handler: Handler, target: Target) -> Reply:
    try:
        reply = handler(asked, target)
    except Exception as error:
        reply = failures.failed(error, asked.protocol)
    if asked.model:  # only names that exist: a metric a path that somebody made up would grow without bound
        metrics.of(metrics.REQUESTS, asked.model, asked.version, asked.protocol, str(reply.status)).inc()
        metrics.of(metrics.REQUEST_SECONDS, asked.model, asked.protocol).observe(time.monotonic() - asked.arrived)
    return reply
