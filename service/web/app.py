"""The Flask application: only wires things together."""

import time

from flask import Flask, Response, g, request
from gevent.threadpool import ThreadPoolExecutor

from service import metrics
from service.engine.client import Engines
from service.settings import Settings
from service.web import context, failures, generate, health, predict, v1


def create_app(settings: Settings) -> Flask:
    app = Flask("inkpaw", static_folder=None)
    context.attach(
        app,
        context.Context(settings, Engines(settings.engine_sockets), ThreadPoolExecutor(settings.decode_threads)),
    )
    failures.install(app)
    for part in (predict, generate, v1, health):
        app.register_blueprint(part.blueprint)
    app.before_request(lambda: context.begin(request.path.split("/", 2)[1]))
    app.after_request(_counted)
    return app


def _counted(response: Response) -> Response:
    if g.model:  # only names that exist: a metric a path that somebody made up would grow without bound
        metrics.REQUESTS.labels(g.model, g.version, g.protocol, str(response.status_code)).inc()
        metrics.REQUEST_SECONDS.labels(g.model, g.protocol).observe(time.monotonic() - g.arrived)
    return response
