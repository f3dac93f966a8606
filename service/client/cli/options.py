"""The options that several commands have, and the client that they open."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, TypeVar

import click

from ..calls import Version
from ..connection import DEFAULT_URL, check_key, parse_url
from ..retry import DEFAULT_SECONDS
from ..sync_client import Client
from .exit_codes import ExitCode, UsageError

AnyCommand = TypeVar("AnyCommand", bound=Callable[..., Any])


def _parse_version(_context: click.Context, _option: click.Parameter, text: str | None) -> Version:
    return int(text) if text is not None and text.isascii() and text.isdigit() else text


model_argument = click.argument("model")
truncation_option = click.option("--truncation", type=float, help="Over 0, at most 1: lower is more typical.")
version_option = click.option(
    "--version", callback=_parse_version, help="A version's number, or a label such as stable."
)
_retry_option = click.option(
    "--retry-seconds",
    type=click.FloatRange(min=0),
    default=DEFAULT_SECONDS,
    help="Per request, how long to ask again while the service is busy or away.",
)
_url_option = click.option(
    "--url", envvar="INKPAW_URL", show_envvar=True, default=DEFAULT_URL, help="Address of the service."
)
_key_option = click.option(
    "--api-key",
    envvar="INKPAW_API_KEY",
    show_envvar=True,
    help="For a service that needs one; the variable hides it from other users of the machine.",
)


def connection_options(command: AnyCommand) -> AnyCommand:
    """`retry_seconds`, `url` and `api_key`, as they were given."""
    return _retry_option(_url_option(_key_option(command)))


def open_client(command: Callable[Concatenate[Client, ...], ExitCode]) -> Callable[..., ExitCode]:
    """The command with a client as its first argument, which the connection options open."""

    @connection_options
    @wraps(command)
    def run(*args: Any, retry_seconds: float, url: str, api_key: str | None, **kwargs: Any) -> ExitCode:
        address, key = validate_url(url), parse_key(api_key)
        with Client(address, api_key=key, retry_seconds=retry_seconds, on_retry=_notify) as client:
            return command(client, *args, **kwargs)

    return run


def _notify(reason: str) -> None:
    click.echo(f"{reason} Trying again.", err=True)


def validate_url(url: str) -> str:
    """Raises UsageError."""
    try:
        parse_url(url)
    except ValueError as error:
        raise UsageError(f"--url: {error}") from None
    return url


def parse_key(api_key: str | None) -> str:
    """Raises UsageError."""
    try:
        return check_key(api_key)
    except ValueError as error:
        raise UsageError(f"INKPAW_API_KEY: {error}") from None
