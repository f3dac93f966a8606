"""gunicorn, set up: its master keeps the engine and drains on SIGTERM, its workers answer HTTP."""

import signal
import threading
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from prometheus_client.multiprocess import mark_process_dead

from service.hardware import listed
from service.settings import Settings
from service.supervisor import Supervisor

_CONNECTIONS = 8192  # of a worker; one more would wait unheard, where those it has are told at once that it is busy


class Server(BaseApplication):  # type: ignore[misc]
    """`run` returns when the service has stopped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._supervisors = [Supervisor(*device) for device in enumerate(listed(settings.devices))]
        super().__init__()

    def load_config(self) -> None:
        ours = self._settings
        options: dict[str, Any] = {
            "bind": f"{ours.host}:{ours.port}",
            "workers": ours.workers,
            "worker_class": "service.web.server.worker.Worker",
            "threads": ours.threads,
            "worker_connections": _CONNECTIONS,
            "worker_tmp_dir": str(ours.runtime_dir),
            "graceful_timeout": ours.grace_seconds,
            "keepalive": 75,
            "http_parser": "auto",  # in C where gunicorn-h1c could be installed
            # no peer may speak for another; to ask of each request whether its peer might costs more than the answer
            "forwarded_allow_ips": "*",
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "loglevel": ours.log_level,
            "proc_name": "inkpaw",
            "control_socket_disable": True,
            "on_starting": self._start_engines,
            "when_ready": self._when_ready,
            "child_exit": lambda _, worker: mark_process_dead(worker.pid),  # type: ignore[no-untyped-call]
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

    def _when_ready(self, arbiter: Arbiter) -> None:
        host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
        print(f"Inkpaw is at http://{host}:{port}", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: self._drain(arbiter))

    def _drain(self, arbiter: Arbiter) -> None:
        """Not ready from now on; the end comes once whoever sends requests has had time to notice."""
        self._settings.draining_mark.touch()
        timer = threading.Timer(self._settings.drain_seconds, arbiter.signal, (signal.SIGTERM, None))
        timer.daemon = True
        timer.start()
