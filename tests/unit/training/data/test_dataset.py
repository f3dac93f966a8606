import numpy as np

from training.data import digits8
from training.data.dataset import Split, chunks, hold_out


def test_held_out_images_are_always_the_same_and_not_in_the_rest() -> None:
    split = Split.of(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1), np.arange(100))
    rest, held = hold_out(split, 0.2, seed=7)
    again, held_again = hold_out(split, 0.2, seed=7)
    assert (held.labels == held_again.labels).all() and (rest.labels == again.labels).all()
    assert sorted([*rest.labels, *held.labels]) == list(range(100))
    assert (held.images()[:, 0, 0, 0] == held.labels).all()


def test_select_keeps_images_and_labels_together() -> None:
    split = Split.of(np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1), np.arange(9)).select([8, 3, 5]).select([2, 0])
    assert split.images().ravel().tolist() == split.labels.tolist() == [5, 8]


def test_chunks_cover_a_split_in_order_in_bounded_memory() -> None:
    small, large = (Split.of(np.zeros((130, side, side, 3), np.uint8), np.arange(130)) for side in (8, 256))
    assert [len(chunk) for chunk in chunks(small)] == [100, 30]
    assert max(chunk.nbytes for chunk in chunks(large)) <= 4 << 20
    assert sum(len(chunk) for chunk in chunks(large)) == 130
    marked = Split.of(np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1), np.arange(9))
    (chosen,) = chunks(marked, np.array([7, 2]))
    assert chosen.ravel().tolist() == [7, 2]


def test_digits8_needs_no_files() -> None:
    data = digits8.load(0.1)
    assert data.train.shape == (8, 8, 1) and len(data.train) + len(data.validation) + len(data.test) == 1797
    assert data.train.images().max() == 255
