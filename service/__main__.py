"""`python -m service`: the whole service, configured by `INKPAW_` variables."""

import signal
import sys


def main() -> None:
    # process 1 of a container only gets signals that it handles, and gunicorn's handlers come seconds later
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from service import settings
    from service.runtime_dir import prepare_runtime_dir

    try:
        config = settings.load()
    except settings.SettingsError as error:
        sys.exit(str(error))
    lock = prepare_runtime_dir(config)  # noqa: F841 (held while this process lives)
    from service.gunicorn_app import GunicornApp  # prometheus_client looks for its folder when it is imported

    GunicornApp(config).run()


main()
