"""Runs a signature of a LiteRT form. Whoever imports this module imports LiteRT, which takes milliseconds."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from service.litert import LITERT_PATH
from service.litert.noise import find_maker
from service.plain_file import read_plain_file

_MAX_BYTES = 1 << 30
_greeted = False

Arrays = Mapping[str, NDArray]


def read_form(version_dir: Path) -> bytes:
    """The form's content. In memory, because a file that is overwritten must not change what runs. Raises OSError."""
    return read_plain_file(version_dir / LITERT_PATH, _MAX_BYTES)


class Runner:
    """An interpreter of its own for one signature: one thread at a time may use it.

    It holds the form's weights packed for this CPU, and memory for the largest batch so far. Another number of rows
    than in the last run costs 0.1 ms more.
    """

    def __init__(self, content: bytes, signature: str) -> None:
        """Raises ValueError for a broken form, or one without that signature."""
        self._run = Interpreter(model_content=content, num_threads=1).get_signature_runner(signature)
        details = self._run.get_input_details()
        self._specs = {name: (tuple(map(int, detail["shape"])), detail["dtype"]) for name, detail in details.items()}
        makers = {name: find_maker(name, shape) for name, (shape, _) in self._specs.items()}
        self._made = {name: maker for name, maker in makers.items() if maker is not None}

    @property
    def inputs(self) -> set[str]:
        """The inputs that a run takes; it makes random bits itself."""
        return {self._made[name][0] if name in self._made else name for name in self._specs}

    @property
    def outputs(self) -> set[str]:
        return set(self._run.get_output_details())

    def run(self, inputs: Arrays) -> dict[str, NDArray]:
        """Outputs by name. Raises ValueError or RuntimeError for what the form cannot run."""
        if self._made:
            made = {name: make(inputs[seeds]) for name, (seeds, make) in self._made.items()}
            inputs = {name: inputs[name] for name in self._specs if name not in made} | made
        outputs: dict[str, NDArray] = self._run(**inputs)
        return outputs

    def warm_up(self, rows: int) -> None:
        """Take the memory for so many rows, and run zeros once: the first run of a size is slow."""
        self._run(**{name: np.zeros((rows, *shape[1:]), dtype) for name, (shape, dtype) in self._specs.items()})


def list_signatures(content: bytes) -> dict[str, Any]:
    """The signatures of a form by name. Raises ValueError for a broken one."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    with _hide_first_greeting():
        interpreter.allocate_tensors()
    signatures: dict[str, Any] = interpreter.get_signature_list()
    return signatures


@contextmanager
def _hide_first_greeting() -> Iterator[None]:
    """When XNNPACK first starts, it writes a line to standard error that is no line of a log, and has no switch."""
    global _greeted
    if _greeted:
        yield
        return
    _greeted = True
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
