"""Any folder or zip of images as a data set, decoded when it is read."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.errors import BadImage
from training.data import Dataset, image_folder
from training.errors import DataMissing
from training.recipes.data_schema import FolderData

GREYS = {"dark": 40, "light": 200}


def _write_image(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (30, 20), (grey, grey, grey)).save(path)


def _load(path: Path) -> Dataset:
    return image_folder.load(FolderData(path=str(path), size=16, train_size=24, validation=0.25))


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    """20 images of each of two classes."""
    for label, grey in GREYS.items():
        for number in range(20):
            _write_image(tmp_path / "shades" / label / f"{number:02}.{'png' if number % 2 else 'jpg'}", grey)
    return tmp_path / "shades"


def _zip(path: Path) -> Path:
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(path.rglob("*.*")):
            archive.write(file, file.relative_to(path.parent))
    return target


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_or_a_zip_gives_three_splits_with_the_right_labels(shades: Path, zipped: bool) -> None:
    data = _load(_zip(shades) if zipped else shades)
    assert data.classes == ("dark", "light") and data.name == "shades"
    assert (len(data.train), len(data.validation), len(data.test)) == (27, 9, 4)
    assert data.train.shape == (24, 24, 3) and data.validation.shape == data.test.shape == (16, 16, 3)
    for split in (data.train, data.validation, data.test):
        means = split.images().mean(axis=(1, 2, 3))
        assert ((means > 120) == (split.labels == 1)).all()


def test_no_image_is_in_two_splits(shades: Path) -> None:
    data = _load(shades)
    rows = np.concatenate([data.train.rows, data.validation.rows, data.test.rows])
    assert sorted(rows) == list(range(40))


def test_folders_named_like_splits_are_the_splits(tmp_path: Path) -> None:
    for split, count in (("train", 6), ("val", 3), ("test_set", 2)):
        for label, grey in GREYS.items():
            for number in range(count):
                _write_image(tmp_path / split / label / f"{number}.png", grey)
    data = _load(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 6, 4)


def test_files_that_are_not_images_are_skipped_and_reported(shades: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shades / "dark/page.jpg").write_text("<html>")
    (shades / "dark/notes.txt").write_text("not even named like an image")
    (shades / "dark/.hidden.png").write_text("")
    data = _load(shades)
    assert len(data.train) + len(data.validation) + len(data.test) == 40
    assert "Left out 1 files" in capsys.readouterr().err


def test_a_truncated_image_is_named_when_it_is_read(shades: Path) -> None:
    truncated = shades / "dark/01.png"
    truncated.write_bytes(truncated.read_bytes()[:60])
    data = _load(shades)
    with pytest.raises(BadImage, match=r"dark/01\.png"):
        for split in (data.train, data.validation, data.test):
            split.images()


def test_unusable_folders_are_refused_with_a_reason(tmp_path: Path, shades: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no zip")
    for path, reason in (
        (tmp_path / "nowhere", "no folder or zip"),
        (tmp_path / "empty", "no pictures"),
        (tmp_path / "text.zip", "neither"),
        (shades / "dark", "<class>/<picture>"),
    ):
        with pytest.raises(DataMissing, match=reason):
            _load(path)
    with pytest.raises(DataMissing, match=r"data\.path"):
        image_folder.load(FolderData(size=16))
