"""`python -m service`: the whole service, configured by `INKPAW_` variables."""

import signal
import sys


def main() -> None:
    # process 1 of a container is not sent what it does not handle, and gunicorn's handlers come seconds later
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from service import runtime_dir as runtime
    from service import settings

    try:
        config = settings.load()
    except settings.SettingsError as error:
        sys.exit(str(error))
    lock = runtime.prepare(config)  # noqa: F841 (held while this process lives)
    from service.gunicorn_app import Server  # prometheus_client looks for its folder when it is imported

    Server(config).run()


main()
