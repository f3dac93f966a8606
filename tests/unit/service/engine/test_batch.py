"""Rows of several requests in one batch."""

import numpy as np
import pytest

from service.engine.batch import Batch, Piece
from service.engine.task import Task


def make_piece(array: np.ndarray) -> Piece:
    return Piece(Task({"x": array}, len(array), 1.0, lambda *_: None, lambda _: None), 0, len(array))


def test_rows_of_several_shapes_never_run_together() -> None:
    """numpy would broadcast a row of size 1, and the model would get wrong input."""
    batch = Batch("net", (make_piece(np.zeros((1, 5))), make_piece(np.ones((1, 1)))))
    with pytest.raises(ValueError, match="several shapes"):
        batch.inputs(2)


def test_strings_are_padded_with_the_first() -> None:
    batch = Batch("net", (make_piece(np.array([b"a\0"], object)), make_piece(np.array([b"", b"c"], object))))
    assert batch.inputs(4)["x"].tolist() == [b"a\0", b"", b"c", b"a\0"]


def test_batch_of_one_whole_task_is_not_copied() -> None:
    piece = make_piece(np.zeros((2, 3)))
    assert Batch("net", (piece,)).inputs(2) is piece.task.inputs
