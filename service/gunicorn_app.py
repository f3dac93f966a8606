"""gunicorn, configured: its master keeps the engines and drains on SIGTERM, its workers answer HTTP."""

import signal
import socket
import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service.binding import make_url
from service.hardware import list_devices
from service.metrics_folder import fold_ended
from service.settings import Settings
from service.supervisor import Supervisor

_KEEP_ALIVE = 75  # seconds


class GunicornApp(BaseApplication):  # type: ignore[misc]
    """`run` returns when the service has stopped."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener.detach()  # gunicorn's from now on
        self._supervisors = [Supervisor(*device) for device in enumerate(list_devices(settings.devices))]
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        options: dict[str, Any] = {
            "bind": f"fd://{self._listener}",
            "workers": settings.workers,
            "worker_class": "service.web.server.worker.Worker",
            "worker_connections": settings.max_connections,
            "worker_tmp_dir": str(settings.runtime_dir),
            "graceful_timeout": settings.grace_seconds,
            "keepalive": _KEEP_ALIVE,
            "loglevel": settings.log_level,
            "proc_name": "inkpaw",
            "control_socket_disable": True,
            "on_starting": self._start_engines,
            "when_ready": self._announce,
            "child_exit": lambda _, __: fold_ended(),  # gunicorn counts the arguments
            "on_exit": self._stop_engines,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        from service.web.app import create_app  # in the worker: the master stays small

        return create_app(self._settings)

    def _start_engines(self, _: Arbiter) -> None:
        for supervisor in self._supervisors:
            supervisor.start()

    def _stop_engines(self, _: Arbiter) -> None:
        for supervisor in self._supervisors:
            supervisor.stop()

    def _announce(self, arbiter: Arbiter) -> None:
        print(f"Inkpaw is at {make_url(arbiter.LISTENERS[0].sock)}", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: self._drain(arbiter))

    def _drain(self, arbiter: Arbiter) -> None:
        """Not ready from now on; stop once load balancers have had time to notice."""
        self._settings.draining_mark.touch()
        timer = threading.Timer(self._settings.drain_seconds, arbiter.signal, (signal.SIGTERM, None))
        timer.daemon = True
        timer.start()
