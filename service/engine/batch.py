"""Rows of several tasks that run together, and how their outputs get back to the tasks."""

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
        """The pieces' rows one after another, padded to `size` rows by repeating the first.

        Raises ValueError for rows that are of several shapes, which a signature with open sizes allows.
        """
        first = self.pieces[0]
        if self._is_one_task(size):
            return first.task.inputs
        if len(self.pieces) == 1 and first.stop - first.start == size:
            return {name: array[first.start : first.stop] for name, array in first.task.inputs.items()}
        return {name: self._pad(name, size) for name in first.task.inputs}

    def _pad(self, name: str, size: int) -> NDArray:
        example = self.pieces[0].task.inputs[name]
        padded = np.empty((size, *example.shape[1:]), example.dtype)
        end = 0
        for piece in self.pieces:
            start, end = end, end + piece.stop - piece.start
            rows = piece.task.inputs[name][piece.start : piece.stop]
            if rows.shape[1:] != example.shape[1:]:  # numpy would stretch a size of 1
                raise ValueError(f"Input '{name}' has rows of several shapes.")
            padded[start:end] = rows
        padded[end:] = padded[0]
        return padded

    def _is_one_task(self, size: int) -> bool:
        """Whether it is one whole task without padding. Its arrays pass uncut: they need not have rows."""
        first = self.pieces[0]
        return len(self.pieces) == 1 and first.stop - first.start == first.task.rows == size

    def answer(self, outputs: Arrays, size: int) -> None:
        """Give each piece its rows of the outputs of a run of `size` rows."""
        if self._is_one_task(size):
            self.pieces[0].task.answer(0, outputs, size)
            return
        start = 0
        for piece in self.pieces:
            rows = piece.stop - piece.start
            part = {name: array[start : start + rows] for name, array in outputs.items()}
            piece.task.answer(piece.start, part, rows)
            start += rows

    def fail(self, error: InkpawError) -> None:
        for piece in self.pieces:
            piece.task.fail(error)

    def split(self) -> Iterator["Batch"]:
        """Each piece as a batch of its own: after a failure, to find whose rows caused it."""
        return (Batch(self.key, (piece,)) for piece in self.pieces if not piece.task.over)
