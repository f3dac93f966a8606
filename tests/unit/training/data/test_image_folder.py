"""Any folder or zip of pictures as a data set, decoded when asked for."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.errors import BadImage
from training.data import Dataset
from training.data import image_folder as folder
from training.errors import DataMissing
from training.recipes.schema import Data

GREYS = {"dark": 40, "light": 200}


def _picture(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (30, 20), (grey, grey, grey)).save(path)


def _load(path: Path) -> Dataset:
    return folder.load(Data(name="folder", path=str(path), size=16, train_size=24, validation=0.25))


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    """20 pictures of each of two classes."""
    for label, grey in GREYS.items():
        for number in range(20):
            _picture(tmp_path / "shades" / label / f"{number:02}.{'png' if number % 2 else 'jpg'}", grey)
    return tmp_path / "shades"


def _zipped(path: Path) -> Path:
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(path.rglob("*.*")):
            archive.write(file, file.relative_to(path.parent))
    return target


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_or_a_zip_gives_three_splits_and_the_right_labels(shades: Path, zipped: bool) -> None:
    data = _load(_zipped(shades) if zipped else shades)
    assert data.classes == ("dark", "light") and data.name == "shades"
    assert (len(data.train), len(data.validation), len(data.test)) == (27, 9, 4)
    assert data.train.shape == (24, 24, 3) and data.validation.shape == data.test.shape == (16, 16, 3)
    for split in (data.train, data.validation, data.test):
        means = split.images().mean(axis=(1, 2, 3))
        assert ((means > 120) == (split.labels == 1)).all()


def test_no_picture_is_in_two_splits(shades: Path) -> None:
    data = _load(shades)
    rows = np.concatenate([data.train.rows, data.validation.rows, data.test.rows])
    assert sorted(rows) == list(range(40))


def test_splits_that_have_folders_of_their_own_are_taken_as_they_are(tmp_path: Path) -> None:
    for which, count in (("train", 6), ("val", 3), ("test_set", 2)):
        for label, grey in GREYS.items():
            for number in range(count):
                _picture(tmp_path / which / label / f"{number}.png", grey)
    data = _load(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (12, 6, 4)


def test_what_only_pretends_to_be_a_picture_is_left_out_and_named(
    shades: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shades / "dark/page.jpg").write_text("<html>")
    (shades / "dark/notes.txt").write_text("not even pretending")
    (shades / "dark/.hidden.png").write_text("")
    data = _load(shades)
    assert len(data.train) + len(data.validation) + len(data.test) == 40
    assert "Left out 1 files" in capsys.readouterr().err


def test_a_picture_cut_short_is_named_when_it_is_met(shades: Path) -> None:
    victim = shades / "dark/01.png"
    victim.write_bytes(victim.read_bytes()[:60])
    data = _load(shades)
    with pytest.raises(BadImage, match=r"dark/01\.png"):
        for split in (data.train, data.validation, data.test):
            split.images()


def test_what_cannot_be_a_data_set_is_said_in_a_sentence(tmp_path: Path, shades: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no zip")
    for path, said in (
        (tmp_path / "nowhere", "no folder or zip"),
        (tmp_path / "empty", "no pictures"),
        (tmp_path / "text.zip", "neither"),
        (shades / "dark", "<class>/<picture>"),
    ):
        with pytest.raises(DataMissing, match=said):
            _load(path)
    with pytest.raises(DataMissing, match=r"data\.path"):
        folder.load(Data(name="folder", size=16))
