"""What the exit code of the command line says, and how an error becomes one."""

import os
import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec

import click

from ..calls import RETRIED
from ..errors import ConnectionFailed, InkpawError, ServiceError

P = ParamSpec("P")


class ExitCode(IntEnum):
    GOOD = 0
    SOME_FAILED = 1  # some images have an error, or the service or this machine failed
    USAGE = 2  # nothing can come of this command as it is
    UNREACHABLE = 3  # the service cannot be reached, or is busy for too long
    INTERRUPTED = 130  # Ctrl-C
    TERMINATED = 143  # SIGTERM


class UsageError(InkpawError):
    """The command as it was given makes no sense; the text says what to change."""


def exit_with_code(command: Callable[P, ExitCode]) -> Callable[P, None]:
    """Ends the process with the code that the command returns. An error is printed, without a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except KeyboardInterrupt:
            code = ExitCode.INTERRUPTED
        except BrokenPipeError:  # whoever reads the output has left; Python would complain when it flushes
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = ExitCode.SOME_FAILED
        except (InkpawError, OSError) as error:
            click.echo(f"inkpaw: {error}", err=True)
            code = choose_code(error)
        raise click.exceptions.Exit(code)

    return run


def choose_code(error: Exception) -> ExitCode:
    match error:
        case UsageError():
            return ExitCode.USAGE
        case ConnectionFailed():
            return ExitCode.UNREACHABLE
        case ServiceError() if error.status in RETRIED:
            return ExitCode.UNREACHABLE
        case ServiceError() if 400 <= error.status < 500:
            return ExitCode.USAGE
    return ExitCode.SOME_FAILED
