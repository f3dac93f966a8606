from pathlib import Path

import pytest

from training.data import mnist
from training.data.download import find_or_download
from training.errors import DataMissing


def test_missing_data_names_the_file_the_folder_and_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(DataMissing, match=r"mnist\.npz.*DATA_DIR.*--download.*https://"):
        mnist.load(0.1)


def test_a_failed_download_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    source = tmp_path / "source.bin"
    source.write_bytes(b"x" * 1000)
    file = find_or_download(("thing.bin",), source.as_uri(), "Thing", download=True)
    assert file.read_bytes() == b"x" * 1000
    with pytest.raises(DataMissing, match="by hand"):
        find_or_download(("other.bin",), (tmp_path / "absent").as_uri(), "Other", download=True)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["thing.bin"]
