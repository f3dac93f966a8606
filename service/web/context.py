"""What every handler needs of the process that it runs in."""

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import cast

from flask import Flask

from service.ipc.client import Engines
from service.settings import Settings

_KEY = "inkpaw"


@dataclass(frozen=True)
class Context:
    """`decoders`: threads that share the images of one request; Pillow lets go of the interpreter while it decodes."""

    settings: Settings
    engine: Engines
    decoders: Executor


def attach(app: Flask, context: Context) -> None:
    app.extensions[_KEY] = context


def of(app: Flask) -> Context:
    return cast(Context, app.extensions[_KEY])
