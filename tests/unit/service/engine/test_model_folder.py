"""What the folder of models is taken for, with whatever lies in it."""

import os
import socket
from pathlib import Path

import pytest

from service.engine import model_folder
from service.engine.model_folder import inspect, scan
from tests.support.waiting import call_with_timeout


@pytest.fixture
def version(tmp_path: Path) -> Path:
    folder = tmp_path / "net" / "1"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_text("graph")
    (folder / "variables" / "data").write_text("numbers")
    return folder


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/data", "assets.extra/servable.json"])
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (make_pipe, "is a named pipe, not a file."),
        (make_socket, "is a socket, not a file."),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file."),
        (lambda path: path.symlink_to("nowhere"), "is a link to nothing."),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links."),
    ],
    ids=["pipe", "socket", "device", "dangling", "loop"],
)
def test_what_is_no_plain_file_is_a_problem_of_its_version(
    version: Path, monkeypatch: pytest.MonkeyPatch, name: str, make, problem: str
) -> None:
    monkeypatch.chdir(version)  # a socket's path must be short
    (version / name).parent.mkdir(exist_ok=True)
    (version / name).unlink(missing_ok=True)
    make(Path(name))
    assert call_with_timeout(lambda: scan(version.parents[1])).versions == {"net": {1: version}}
    assert call_with_timeout(lambda: inspect(version)).problem.endswith(problem)


def test_a_graph_that_is_a_folder_is_a_problem(version: Path) -> None:
    (version / "saved_model.pb").unlink()
    (version / "saved_model.pb").mkdir()
    assert inspect(version).problem == "'saved_model.pb' is a folder, not a file."


def test_a_version_that_is_a_dangling_link_is_a_problem(version: Path) -> None:
    link = version.parent / "2"
    link.symlink_to("gone")
    assert scan(version.parents[1]).versions["net"].keys() == {1, 2}
    assert inspect(link).problem


def test_a_volume_as_kubernetes_mounts_it_is_read(tmp_path: Path, version: Path) -> None:
    mount = tmp_path / "net" / "2"
    mount.mkdir()
    version.rename(mount / "..2026_01")
    (mount / "..data").symlink_to("..2026_01")
    for name in ("saved_model.pb", "variables"):
        (mount / name).symlink_to(f"..data/{name}")
    first = inspect(mount)
    assert not first.problem and first.size == len("graph" + "numbers")
    (mount / "..2026_02" / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/data"):
        old, new = mount / "..2026_01" / name, mount / "..2026_02" / name
        new.write_bytes(old.read_bytes())
        os.utime(new, ns=(old.stat().st_atime_ns, old.stat().st_mtime_ns))
    (mount / "..new").symlink_to("..2026_02")
    (mount / "..new").rename(mount / "..data")
    assert inspect(mount).fingerprint != first.fingerprint


def test_the_fingerprint_changes_with_every_kind_of_change(version: Path) -> None:
    def add() -> None:
        (version / "variables" / "more").write_text("")

    def grow() -> None:
        (version / "variables" / "data").write_text("longer numbers")

    def touch() -> None:
        os.utime(version / "variables" / "data", ns=(1, 1))

    def rename() -> None:
        (version / "variables" / "more").rename(version / "variables" / "other")

    def replace() -> None:
        data = version / "variables" / "data"
        beside = data.with_name("beside")
        beside.write_text("longer NUMBERS")
        os.utime(beside, ns=(1, 1))
        beside.rename(data)

    seen = [inspect(version)]
    assert inspect(version) == seen[0]
    for change in (add, grow, touch, rename, replace):
        change()
        seen.append(inspect(version))
    assert len({files.fingerprint for files in seen}) == len(seen)


def test_links_that_lead_upwards_have_an_end(version: Path) -> None:
    (version / "again").symlink_to(".")
    assert "nested" in call_with_timeout(lambda: inspect(version)).problem


def test_files_of_a_version_are_bounded(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_folder, "_MAX_FILES", 2)
    assert not inspect(version).problem
    (version / "one_more").write_text("")
    assert inspect(version).problem == "It has more than 2 files."


def test_a_name_cannot_write_a_line_of_the_log(version: Path) -> None:
    os.mkfifo(version / "a\nERROR b\udcff")
    assert inspect(version).problem.isprintable()


@pytest.mark.parametrize("number", ["9223372036854775808", "1" + "0" * 18, "0" * 30 + "7"])
def test_a_number_of_more_than_18_digits_is_no_version(version: Path, number: str) -> None:
    version.rename(version.parent / number)
    look = scan(version.parents[1])
    assert look.versions == {"net": {}}
    (sentence,) = look.ignored.values()
    assert "at most 18 digits" in sentence


def test_the_largest_number_is_a_version(version: Path) -> None:
    largest = version.rename(version.parent / ("9" * 18))
    assert scan(version.parents[1]).versions == {"net": {10**18 - 1: largest}}


def test_a_models_folder_that_cannot_be_read_is_told_apart_from_none(version: Path) -> None:
    models = version.parents[1]
    (models / "looped").symlink_to("looped")
    (models / "dangling").symlink_to("nowhere")
    (models / "file").write_text("")
    look = scan(models)
    assert look.versions == {"net": {1: version}}
    assert look.unreadable.keys() == {"looped", "dangling"}
