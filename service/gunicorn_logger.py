"""gunicorn's log, as part of ours."""

import logging

from gunicorn.config import Config
from gunicorn.glogging import Logger


class GunicornLogger(Logger):  # type: ignore[misc]
    """Without handlers of its own: its lines go where all others go."""

    def __init__(self, cfg: Config) -> None:
        super().__init__(cfg)
        self.error_log.propagate = True

    def setup(self, cfg: Config) -> None:
        """Called by gunicorn, at the start and on SIGHUP; the name is gunicorn's."""
        self.cfg = cfg
        self.loglevel = self.LOG_LEVELS[cfg.loglevel]
        self.error_log.setLevel(self.loglevel)
        self.access_log.setLevel(logging.CRITICAL)  # the service writes its own
