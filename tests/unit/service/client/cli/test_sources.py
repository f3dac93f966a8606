"""Which pictures an input stands for."""

import os
import zipfile
from pathlib import Path

import pytest

from service.client.cli.sources import find_pictures
from tests.support.stub_service import StubService
from tests.unit.service.client.cli.run_cli import run_cli


def list_names(*inputs: str) -> list[str]:
    return [picture.name for picture in find_pictures(inputs)[0]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.png", "a.JPG", "notes.txt", ".hidden.png", "sub/c.webp", ".git/d.png", "sub/._c.webp"):
        path = Path("in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    with zipfile.ZipFile("in.zip", "w") as archive:
        for name in ("z/1.png", "z/2.png", "z/readme.md", "__MACOSX/z/1.png", "z/.DS_Store"):
            archive.writestr(name, name)
    return tmp_path


def test_folder_is_walked_for_pictures_in_order(folder: Path) -> None:
    pictures, left_out = find_pictures(["in"])
    assert [picture.name for picture in pictures] == ["in/a.JPG", "in/b.png", "in/sub/c.webp"]
    assert left_out == 3
    assert pictures[0].read() == b"a.JPG" and pictures[0].size == 5


def test_file_that_is_named_is_taken_as_it_is(folder: Path) -> None:
    assert list_names("in/notes.txt", "in/.hidden.png") == ["in/notes.txt", "in/.hidden.png"]


def test_globs_are_expanded(folder: Path) -> None:
    assert list_names("in/*.png") == ["in/b.png"]
    assert list_names("in/**/*.webp") == ["in/sub/c.webp"]
    assert list_names(f"{folder}/in/*.JPG") == [f"{folder}/in/a.JPG"]


def test_zip_is_read_without_unpacking(folder: Path) -> None:
    pictures, left_out = find_pictures(["in.zip"])
    assert [(picture.name, picture.read()) for picture in pictures] == [
        ("in.zip/z/1.png", b"z/1.png"),
        ("in.zip/z/2.png", b"z/2.png"),
    ]
    assert left_out == 3


def test_each_picture_comes_once(folder: Path) -> None:
    assert list_names("in", "in/b.png", "in/*") == ["in/a.JPG", "in/b.png", "in/sub/c.webp", "in/notes.txt"]


def test_stdin_is_one_picture(stub: StubService, folder: Path) -> None:
    result = run_cli("predict", "net", "-", "--url", stub.url, stdin=b"seven")
    assert result.stdout.splitlines()[1] == "-,seven,0.5,0.1,net,3,,"


def test_stdin_may_be_a_zip(stub: StubService, folder: Path) -> None:
    result = run_cli("predict", "net", "-", "--url", stub.url, stdin=Path("in.zip").read_bytes())
    assert [line.split(",")[0] for line in result.stdout.splitlines()[1:]] == ["-/z/1.png", "-/z/2.png"]


def test_stdin_may_list_the_files(stub: StubService, folder: Path) -> None:
    result = run_cli("predict", "net", "--files-from", "-", "--url", stub.url, stdin="in/b.png\nin/notes.txt\n")
    assert [line.split(",")[0] for line in result.stdout.splitlines()[1:]] == ["in/b.png", "in/notes.txt"]


@pytest.mark.parametrize("out", ["-", "a.csv", "a.jsonl", "a.parquet"])
def test_name_that_is_not_utf8_is_no_obstacle(stub: StubService, folder: Path, out: str) -> None:
    Path(os.fsdecode(b"in/\xff.png")).write_text("x")
    for _ in range(2):
        result = run_cli("predict", "net", "in", "--out", out, "--url", stub.url)
        assert result.exit_code == 0, result.output
    assert find_pictures(["in"])[0][-2].name == "in/\\xff.png"
    assert stub.sent == (8 if out == "-" else 4)


def test_broken_entry_of_a_zip_is_one_bad_file(stub: StubService, folder: Path) -> None:
    data = Path("in.zip").read_bytes()
    Path("in.zip").write_bytes(data.replace(b"z/1.png", b"z/9.png", 2)[:-1] + data[-1:])
    result = run_cli("predict", "net", "in.zip", "--url", stub.url)
    assert result.exit_code == 1
    assert "cannot be read" in result.stdout and "z/2.png,z/2.png,0.5" in result.stdout


def test_folder_without_a_picture_is_said_and_no_success(stub: StubService, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/png").write_bytes(b"no picture by its name")
    empty = run_cli("predict", "net", tmp_path / "empty", "--out", tmp_path / "rows.csv", "--url", stub.url)
    notes = run_cli("predict", "net", tmp_path / "notes", "--url", stub.url)
    assert (empty.exit_code, empty.stderr) == (2, "inkpaw: There is no picture to send.\n")
    assert notes.exit_code == 2 and "The other files, 1, do not have the name of a picture." in notes.stderr
    assert not (tmp_path / "rows.csv").exists() and not stub.requests
