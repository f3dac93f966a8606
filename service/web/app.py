"""The Flask application: only wires things together."""

from flask import Flask
from gevent.threadpool import ThreadPoolExecutor

from service.ipc.client import Engines
from service.settings import Settings
from service.web import context
from service.web import routing as routes


def create_app(settings: Settings) -> Flask:
    app = Flask("inkpaw", static_folder=None)
    decoders = ThreadPoolExecutor(settings.decode_threads)
    context.attach(app, context.Context(settings, Engines(settings.engine_sockets), decoders))
    routes.install(app)
    return app
