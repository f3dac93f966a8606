import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data import cats_dogs, digits8, mnist
from training.data import download as locate
from training.data.dataset import chunks, hold_out, part, whole
from training.errors import DataMissing


def _jpeg(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (30, 20), (grey, grey, grey)).save(path, "JPEG")


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder laid out as the archive: 20 training pictures, 2 for the test, and a file that is no picture."""
    for animal, grey in (("cat", 40), ("dog", 200)):
        for number in range(1, 11):
            _jpeg(tmp_path / "cat-and-dog/training_set" / f"{animal}s" / f"{animal}.{number}.jpg", grey)
        _jpeg(tmp_path / "cat-and-dog/test_set" / f"{animal}s" / f"{animal}.4001.jpg", grey)
    (tmp_path / "cat-and-dog/training_set/cats/cat.11.jpg").write_text("no picture")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(cats_dogs, "CACHE", tmp_path / "cache")
    return tmp_path


def test_held_out_rows_are_the_same_each_time_and_never_trained_on() -> None:
    split = whole(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1), np.arange(100))
    rest, held = hold_out(split, 0.2, seed=7)
    again, held_again = hold_out(split, 0.2, seed=7)
    assert (held.labels == held_again.labels).all() and (rest.labels == again.labels).all()
    assert sorted([*rest.labels, *held.labels]) == list(range(100))
    assert (held.images()[:, 0, 0, 0] == held.labels).all()


def test_a_part_of_a_part_keeps_images_and_labels_together() -> None:
    split = part(part(whole(np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1), np.arange(9)), [8, 3, 5]), [2, 0])
    assert split.images().ravel().tolist() == split.labels.tolist() == [5, 8]


def test_pieces_are_all_of_a_split_in_order_and_small_for_large_images() -> None:
    small, large = (whole(np.zeros((130, side, side, 3), np.uint8), np.arange(130)) for side in (8, 256))
    assert [len(piece) for piece in chunks(small)] == [100, 30]
    assert max(piece.nbytes for piece in chunks(large)) <= 4 << 20
    assert sum(len(piece) for piece in chunks(large)) == 130
    marked = whole(np.arange(9, dtype=np.uint8).reshape(9, 1, 1, 1), np.arange(9))
    (chosen,) = chunks(marked, np.array([7, 2]))
    assert chosen.ravel().tolist() == [7, 2]


def test_digits8_needs_no_files() -> None:
    data = digits8.load(0.1)
    assert data.train.shape == (8, 8, 1) and len(data.train) + len(data.validation) + len(data.test) == 1797
    assert data.train.images().max() == 255


def test_missing_data_says_in_a_sentence_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(DataMissing, match=r"mnist\.npz.*DATA_DIR.*--download.*https://"):
        mnist.load(0.1)


def test_a_download_lands_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    source = tmp_path / "source.bin"
    source.write_bytes(b"x" * 1000)
    found = locate.find(("thing.bin",), source.as_uri(), "Thing", download=True)
    assert found.read_bytes() == b"x" * 1000
    with pytest.raises(DataMissing, match="by hand"):
        locate.find(("other.bin",), (tmp_path / "absent").as_uri(), "Other", download=True)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["thing.bin"]


@pytest.mark.parametrize("zipped", [False, True])
def test_cats_and_dogs_from_a_folder_or_a_zip(pets: Path, zipped: bool) -> None:
    if zipped:
        with zipfile.ZipFile(pets / "cat-and-dog.zip", "w") as archive:
            for file in sorted((pets / "cat-and-dog").rglob("*.jpg")):
                archive.write(file, file.relative_to(pets))
    data = cats_dogs.load(16, 24, 0.2)
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 2)
    assert data.train.shape == (24, 24, 3) and data.test.shape == (16, 16, 3)
    means = data.train.images().mean(axis=(1, 2, 3))
    assert ((means > 120) == (data.train.labels == 1)).all()
    assert data.fingerprint == cats_dogs.load(16, 24, 0.2).fingerprint


def test_two_that_prepare_the_same_pictures_at_once_do_not_spoil_them(
    pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, first_done = threading.Event(), threading.Event()
    decode, late = cats_dogs.Pictures.one, []

    def one(pictures: cats_dogs.Pictures, row: int) -> np.ndarray:
        if row == 5 and not late:  # the second begins when the first is half done, and ends after it
            late.append(threading.Thread(target=lambda: late.append(cats_dogs.load(16, 16, 0.2))))
            late[0].start()
            assert begun.wait(10)
        elif late and threading.current_thread() is late[0]:
            begun.set()
            assert first_done.wait(10)
        return decode(pictures, row)

    monkeypatch.setattr(cats_dogs.Pictures, "one", one)
    first = cats_dogs.load(16, 16, 0.2)
    before = first.train.images()
    first_done.set()
    late[0].join(10)
    assert (before == late[1].train.images()).all() and before.mean(axis=(1, 2, 3)).min() > 30
    assert (before == first.train.images()).all()
