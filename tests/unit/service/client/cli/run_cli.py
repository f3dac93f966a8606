"""The command line, run in this process."""

from click.testing import CliRunner, Result

from service.client.cli.app import app


def run_cli(*arguments: object, stdin: bytes | str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
