"""Measures in a child process, so that TensorFlow is not imported in the benchmark's own process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.hardware import list_devices, make_environment
from tests.bench.config import ROOT

MeasureFunction = Callable[[float], float]


@contextmanager
def start_module(name: str, *arguments: str) -> Iterator[MeasureFunction]:
    """Starts `python -m <name>` and yields a function that has it measure for some seconds and returns its figure.

    The seconds go to its standard input as one line. The figure comes back as one line.
    """
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", name, *arguments]
    env = {**os.environ, **make_environment(list_devices("auto")[0])}
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )
    with process:

        def measure(seconds: float) -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            print(seconds, file=process.stdin, flush=True)
            return float(process.stdout.readline())

        yield measure
