"""Figures that a process of its own measures, told through a pipe: TensorFlow stays out of the one that measures."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.hardware import list_devices, make_environment
from tests.bench.report import ROOT

Measured = Callable[[float], float]


@contextmanager
def module(name: str, *words: str) -> Iterator[Measured]:
    """Gives what has `python -m <name>` measure for so many seconds and answers the figure that it prints."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", name, *words]
    env = {**os.environ, **make_environment(list_devices("auto")[0])}
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )
    with process:

        def measured(seconds: float) -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            print(seconds, file=process.stdin, flush=True)
            return float(process.stdout.readline())

        yield measured
