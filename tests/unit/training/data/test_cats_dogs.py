import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data import cats_dogs
from training.data.image_files import ImageFiles


def _write_jpeg(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (30, 20), (grey, grey, grey)).save(path, "JPEG")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the layout of the archive: 20 training images, 2 test images and a file that is not an image."""
    for animal, grey in (("cat", 40), ("dog", 200)):
        for number in range(1, 11):
            _write_jpeg(tmp_path / "cat-and-dog/training_set" / f"{animal}s" / f"{animal}.{number}.jpg", grey)
        _write_jpeg(tmp_path / "cat-and-dog/test_set" / f"{animal}s" / f"{animal}.4001.jpg", grey)
    (tmp_path / "cat-and-dog/training_set/cats/cat.11.jpg").write_text("no picture")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(cats_dogs, "CACHE", tmp_path / "cache")
    return tmp_path


@pytest.mark.parametrize("zipped", [False, True])
def test_cats_and_dogs_load_from_a_folder_or_a_zip(archive: Path, zipped: bool) -> None:
    if zipped:
        with zipfile.ZipFile(archive / "cat-and-dog.zip", "w") as target:
            for file in sorted((archive / "cat-and-dog").rglob("*.jpg")):
                target.write(file, file.relative_to(archive))
    data = cats_dogs.load(16, 24, 0.2)
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 2)
    assert data.train.shape == (24, 24, 3) and data.test.shape == (16, 16, 3)
    means = data.train.images().mean(axis=(1, 2, 3))
    assert ((means > 120) == (data.train.labels == 1)).all()
    assert data.fingerprint == cats_dogs.load(16, 24, 0.2).fingerprint


def test_two_processes_can_write_the_same_cache_at_once(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second_started, first_done = threading.Event(), threading.Event()
    decode, second = ImageFiles.decode, []

    def decode_in_turn(files: ImageFiles, row: int) -> np.ndarray:
        if row == 5 and not second:  # start the second when the first is half done; it ends after the first
            second.append(threading.Thread(target=lambda: second.append(cats_dogs.load(16, 16, 0.2))))
            second[0].start()
            assert second_started.wait(10)
        elif second and threading.current_thread() is second[0]:
            second_started.set()
            assert first_done.wait(10)
        return decode(files, row)

    monkeypatch.setattr(ImageFiles, "decode", decode_in_turn)
    first = cats_dogs.load(16, 16, 0.2)
    before = first.train.images()
    first_done.set()
    second[0].join(10)
    assert (before == second[1].train.images()).all() and before.mean(axis=(1, 2, 3)).min() > 30
    assert (before == first.train.images()).all()


def test_files_of_the_test_set_are_those_of_its_numbers(archive: Path) -> None:
    files = list(cats_dogs.iterate_test_files(10))
    assert [label for _, label in files] == [0, 1] and all(data.startswith(b"\xff\xd8") for data, _ in files)
    assert len(list(cats_dogs.iterate_test_files(1))) == 1
