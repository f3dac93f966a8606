"""A worker as gunicorn's master makes it, before it serves."""

import logging
import signal

import gevent
from gunicorn.config import Config

from service.web.server.worker import Worker


def test_sigterm_while_the_application_is_loaded_is_no_failure() -> None:
    """gunicorn's handlers are there before the application: a worker that failed then would stop the whole service."""
    worker = Worker(1, 1, [], None, 15, Config(), logging.getLogger("test"))
    try:
        worker.handle_exit(signal.SIGTERM, None)
        gevent.sleep(0)
        assert not worker.alive
    finally:
        worker.tmp.close()
