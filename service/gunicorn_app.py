"""gunicorn, configured: its master keeps the engines and the gRPC process, its workers answer HTTP."""

import logging
import signal
import socket
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service.binding import format_address, make_url
from service.children import make_engine, make_grpc_server
from service.gunicorn_logger import GunicornLogger
from service.hardware import list_devices
from service.logs import configure_logging
from service.master import Master, prepare_worker, set_quick_stop, start_clock
from service.metrics_folder import fold_ended
from service.settings import Settings
from service.supervisor import Supervisor

log = logging.getLogger(__name__)

_KEEP_ALIVE = 75  # seconds
_WORKER_SECONDS = 15  # without a sign of life, after which a worker is killed and replaced; it gives one per second


class GunicornApp(BaseApplication):  # type: ignore[misc]
    """`run` returns when the service has stopped."""

    def __init__(self, settings: Settings, listeners: list[socket.socket], grpc_port: socket.socket | None) -> None:
        """The second listener, if there is one, is that of the operators' paths.

        `grpc_port` holds the address of gRPC, where it is spoken.
        """
        self._settings = settings
        self._grpc_port, self._grpc = grpc_port, None
        if grpc_port is not None:
            self._grpc = Supervisor(make_grpc_server(format_address(grpc_port), settings))
        self._listeners = [listener.detach() for listener in listeners]  # gunicorn's from now on
        self._engines = [
            Supervisor(make_engine(index, device, settings.engine_sockets[index], settings.stall_seconds))
            for index, device in enumerate(list_devices(settings.devices))
        ]
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        options: dict[str, Any] = {
            "bind": [f"fd://{listener}" for listener in self._listeners],
            "workers": settings.workers,
            "worker_class": "service.web.server.worker.Worker",
            "worker_connections": settings.max_connections,
            "worker_tmp_dir": str(settings.runtime_dir),
            "graceful_timeout": settings.grace_seconds,
            "timeout": _WORKER_SECONDS,
            "keepalive": _KEEP_ALIVE,
            "logger_class": GunicornLogger,
            "loglevel": settings.log_level,
            "proc_name": "inkpaw",
            "control_socket_disable": True,
            "on_starting": self._start_children,
            "when_ready": _announce,
            "pre_fork": start_clock,
            "post_fork": self._prepare_worker,
            "post_worker_init": set_quick_stop,
            "child_exit": lambda _, __: fold_ended(),  # gunicorn counts the arguments
            "on_exit": self._stop_children,
        }
        if settings.tls_cert is not None and settings.tls_key is not None:
            options |= {"certfile": str(settings.tls_cert), "keyfile": str(settings.tls_key)}
        for name, value in options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        Master(self, self._settings.draining_mark, self._settings.drain_seconds, self._grpc).run()

    def load(self) -> Flask:
        from service.web.app import create_app  # in the worker: the master stays small

        return create_app(self._settings)

    def _prepare_worker(self, master: Master, worker: Any) -> None:
        prepare_worker(master, worker)
        configure_logging(self._settings.log_format, self._settings.log_level, "worker")

    def _list_supervisors(self) -> list[Supervisor]:
        """In the order in which they are stopped: the engines last."""
        return self._engines if self._grpc is None else [self._grpc, *self._engines]

    def _start_children(self, _: Arbiter) -> None:
        for supervisor in self._list_supervisors():
            supervisor.start()

    def _stop_children(self, _: Arbiter) -> None:
        for supervisor in self._list_supervisors():
            supervisor.stop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            # Python restores the deadly default before it ends, so a late signal would change the exit status
            signal.signal(number, signal.SIG_IGN)


def _announce(arbiter: Arbiter) -> None:
    listener, *others = [listener.sock for listener in arbiter.LISTENERS]
    log.info("Inkpaw is at %s", make_url(listener, "https" if arbiter.cfg.is_ssl else "http"))
    for other in others:
        log.info("Metrics and health are at %s", make_url(other))
