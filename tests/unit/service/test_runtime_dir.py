"""The runtime folder is private: another user can neither lay links in it, nor read it, nor hold its lock."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PREPARE = """
import sys
from service import settings
from service.runtime_dir import prepare_runtime_dir
try:
    lock = prepare_runtime_dir(settings.load())
except settings.SettingsError as error:
    sys.exit(str(error))
"""
STRANGER = 12345  # a user without rights


def _prepare(folder: Path | None, **environ: str) -> subprocess.CompletedProcess[str]:
    ours = {"INKPAW_DEVICES": "cpu"} | ({"INKPAW_RUNTIME_DIR": str(folder)} if folder else {}) | environ
    return subprocess.run(
        [sys.executable, "-c", PREPARE], cwd=ROOT, env=os.environ | ours, capture_output=True, text=True, timeout=30
    )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _assert_refused(ended: subprocess.CompletedProcess[str], why: str) -> None:
    assert ended.returncode == 1
    assert ended.stderr.startswith("INKPAW_RUNTIME_DIR") and why in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_folder_that_is_made_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "parent" / "run"
    assert _prepare(folder).returncode == 0
    assert [_mode(path) for path in (folder, folder / "metrics", folder / "lock")] == [0o700, 0o700, 0o600]


def test_default_folder_is_made_in_the_temporary_one(tmp_path: Path) -> None:
    assert _prepare(None, TMPDIR=str(tmp_path), INKPAW_PORT="8099").returncode == 0
    assert _mode(tmp_path / f"inkpaw-{os.getuid()}-8099") == 0o700


def test_folder_of_ours_is_taken_and_emptied(tmp_path: Path) -> None:
    (tmp_path / "run" / "metrics").mkdir(parents=True, mode=0o755)
    (tmp_path / "run").chmod(0o755)
    leftovers = [
        tmp_path / "run" / name for name in ("draining", "engine-0.sock", "metrics/state.json", "metrics/a_1.db")
    ]
    for leftover in leftovers:
        leftover.touch()
    ended = _prepare(tmp_path / "run")
    assert ended.returncode == 0, ended.stderr
    assert not any(leftover.exists() for leftover in leftovers)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o722])
def test_folder_that_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(mode)
    _assert_refused(_prepare(tmp_path / "run"), "can be written by other users")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
@pytest.mark.parametrize("part", ["run", "run/metrics"])
def test_folder_of_another_user_is_refused(tmp_path: Path, part: str) -> None:
    (tmp_path / "run" / "metrics").mkdir(parents=True)
    os.chown(tmp_path / part, STRANGER, STRANGER)
    _assert_refused(_prepare(tmp_path / "run"), f"belongs to another user ({STRANGER})")


@pytest.mark.parametrize("part", ["run", "run/metrics"])
def test_no_link_is_taken_for_the_folder(tmp_path: Path, part: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "kept.db").touch()
    (tmp_path / part).parent.mkdir(exist_ok=True)
    (tmp_path / part).symlink_to(target)
    _assert_refused(_prepare(tmp_path / "run"), "is a symbolic link")
    assert [path.name for path in target.iterdir()] == ["kept.db"]


def test_no_link_is_followed_in_the_folder(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run" / "draining").symlink_to(victim)
    (tmp_path / "run" / "lock").symlink_to(victim)
    _assert_refused(_prepare(tmp_path / "run"), "lock")
    (tmp_path / "run" / "lock").unlink()
    assert _prepare(tmp_path / "run").returncode == 0
    assert victim.read_text() == "precious"
