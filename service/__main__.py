"""`python -m service`: the whole service, configured by `INKPAW_` variables."""

import sys

from service import runtime, settings


def main() -> None:
    try:
        config = settings.load()
    except settings.SettingsError as error:
        sys.exit(str(error))
    lock = runtime.prepare(config)  # noqa: F841 (held while this process lives)
    from service.server import Server  # prometheus_client looks for its folder when it is imported

    Server(config).run()


main()
