"""`python -m service`: the whole service, configured by `INKPAW_` variables."""

import signal
import sys


def main() -> None:
    # process 1 of a container only gets signals that it handles, and gunicorn's handlers come seconds later
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from service import settings
    from service.binding import open_listener
    from service.preflight import check_machine
    from service.runtime_dir import prepare_runtime_dir

    try:
        config = settings.load()
        check_machine(config)
        lock = prepare_runtime_dir(config)  # noqa: F841 (held while this process lives)
        listener = open_listener(config.host, config.port)
    except settings.SettingsError as error:
        sys.exit(str(error))
    from service.gunicorn_app import GunicornApp  # prometheus_client looks for its folder when it is imported

    GunicornApp(config, listener).run()


main()
