"""Rows of several tasks that run together, and how their outputs find the way back."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.engine.task import Arrays, Task
from service.errors import InkpawError


@dataclass(frozen=True)
class Piece:
    """Rows `start` to `stop` of a task."""

    task: Task
    start: int
    stop: int


@dataclass(frozen=True)
class Batch:
    """Pieces that run together on the servable that `key` names."""

    key: Hashable
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        return sum(piece.stop - piece.start for piece in self.pieces)

    def inputs(self, size: int) -> Arrays:
        """The pieces' rows one after another, padded to `size` rows by repeating the first."""
        first = self.pieces[0]
        if len(self.pieces) == 1 and first.stop - first.start == size:
            return {name: array[first.start : first.stop] for name, array in first.task.inputs.items()}
        return {name: self._filled(name, size) for name in first.task.inputs}

    def _filled(self, name: str, size: int) -> NDArray:
        example = self.pieces[0].task.inputs[name]
        filled = np.empty((size, *example.shape[1:]), example.dtype)
        at = 0
        for piece in self.pieces:
            rows = piece.stop - piece.start
            filled[at : at + rows] = piece.task.inputs[name][piece.start : piece.stop]
            at += rows
        filled[at:] = filled[0]
        return filled

    def answer(self, outputs: Arrays, seconds: float) -> None:
        """Give each piece its rows of the outputs."""
        at = 0
        for piece in self.pieces:
            rows = piece.stop - piece.start
            piece.task.answer(piece.start, {k: v[at : at + rows] for k, v in outputs.items()}, rows, seconds)
            at += rows

    def fail(self, error: InkpawError) -> None:
        for piece in self.pieces:
            piece.task.fail(error)

    def alone(self) -> Iterator["Batch"]:
        """Each piece as a batch of its own: after a failure, to find whose rows it was."""
        return (Batch(self.key, (piece,)) for piece in self.pieces if not piece.task.over)
