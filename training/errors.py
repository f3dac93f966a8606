"""Errors that the user can fix. The command line prints their text, without a traceback."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from service.errors import InkpawError


class UserError(Exception):
    """The user can fix it; the text says how."""


class RecipeError(UserError):
    """The recipe does not exist, is not valid, or does not fit the run, the model or the devices."""


class DataMissing(UserError):
    """The data set is not on this machine; the text says where to get it and where to put it."""


class PublishError(UserError):
    """There is nothing to publish, or it is worse than the published version."""


class PeerLost(UserError):
    """Another worker is gone. Start all workers again: they resume from the last whole epoch."""


def exit_with_message(command: Callable[..., None]) -> Callable[..., None]:
    """Decorates a command: an error that the user can fix ends it with the error's text and exit status 1."""

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        try:
            command(**arguments)
        except (UserError, InkpawError) as error:
            sys.exit(str(error))

    return run
