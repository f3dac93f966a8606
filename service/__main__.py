"""`python -m service`: the whole service, configured by `INKPAW_` variables. `python -m service key` makes a key."""

import os
import signal
import sys


def handle_signals() -> None:
    """Until gunicorn has its own handlers, seconds later: process 1 of a container gets only signals that it handles.

    There is nothing to finish yet, and engines end with their parent.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda *_: os._exit(0))
    for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda *_: None)


def main() -> None:
    if sys.argv[1:2] == ["key"]:
        from service.access import command

        command.main(sys.argv[2:])
        return
    handle_signals()
    from service import settings
    from service.binding import open_listener, reserve_port
    from service.logs import configure_logging
    from service.preflight import check_access, check_machine
    from service.runtime_dir import prepare_runtime_dir

    try:
        config = settings.load()
        configure_logging(config.log_format, config.log_level, "master")
        check_machine(config)
        lock = prepare_runtime_dir(config)  # noqa: F841 (held while this process lives)
        listeners = [open_listener(config.host, config.port)]
        check_access(config, listeners[0])
        if config.operations_port is not None:
            listeners.append(open_listener(config.host, config.operations_port, "INKPAW_OPERATIONS_PORT"))
        grpc_port = None if config.grpc_port is None else reserve_port(config.host, config.grpc_port)
    except settings.SettingsError as error:
        sys.exit(str(error))
    from service.gunicorn_app import GunicornApp  # prometheus_client looks for its folder when it is imported

    GunicornApp(config, listeners, grpc_port).run()


main()
