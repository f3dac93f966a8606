"""The folder of models on disk: `<name>/<integer>/` with a SavedModel in each. Nothing here opens a file."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

GRAPH = "saved_model.pb"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NUMBER = re.compile(r"[0-9]+")
_MAX_DIGITS = 18  # every such number fits into 64 bits
_MAX_FILES = 10_000  # of one version
_MAX_DEPTH = 16  # of its folders: a link to a folder above would have no end
_NOT_LOADED = "assets.extra"
_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}


class ModelDir(NamedTuple):
    """Folders of versions by model and number, and in a sentence each: why a model's folder cannot be read, and why a
    folder in it is not taken for a version."""

    versions: dict[str, dict[int, Path]]
    unreadable: dict[str, str]
    ignored: dict[str, str]


class VersionFiles(NamedTuple):
    """`fingerprint` changes when a file comes, goes or changes, `size` is in bytes, and `problem` says in a sentence
    why the version cannot be loaded."""

    fingerprint: int = 0
    size: int = 0
    problem: str = ""


class _Problem(Exception):
    """Why a version cannot be loaded, in a sentence."""


def scan(model_dir: Path) -> ModelDir:
    """What is there. A folder without a SavedModel is no version, or not yet. Raises OSError."""
    look = ModelDir({}, {}, {})
    with os.scandir(model_dir) as entries:
        names = sorted(entry.name for entry in entries if _NAME.fullmatch(entry.name))
    for name in names:
        try:
            if stat.S_ISDIR((model_dir / name).stat().st_mode):
                look.versions[name] = dict(_find_versions(model_dir / name, look.ignored))
        except OSError as error:
            if os.path.lexists(model_dir / name):  # else it was removed just now
                look.unreadable[name] = f"Its folder cannot be read: {error.strerror}."
    return look


def _find_versions(model: Path, ignored: dict[str, str]) -> Iterator[tuple[int, Path]]:
    with os.scandir(model) as entries:
        names = sorted(entry.name for entry in entries if _NUMBER.fullmatch(entry.name))
    for name in names:
        if len(name) > _MAX_DIGITS:
            shown = f"{model.name}/{name[:_MAX_DIGITS]}..."
            ignored[shown] = f"A version's number has at most {_MAX_DIGITS} digits, this has {len(name)}."
        elif _holds_graph(model / name):
            yield int(name), model / name


def _holds_graph(version_dir: Path) -> bool:
    """Also where that cannot be said: `inspect` says why."""
    try:
        (version_dir / GRAPH).lstat()
    except FileNotFoundError:
        return version_dir.is_symlink() and not version_dir.exists()
    except NotADirectoryError:
        return False
    except OSError:
        return True
    return True


def inspect(version_dir: Path) -> VersionFiles:
    """What a version consists of: every file must be a plain one, or a link to one. Raises nothing."""
    facts: list[tuple[object, ...]] = []
    size = 0
    try:
        for name, status in _walk(version_dir):
            facts.append((name, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino))
            size += status.st_size if not name.startswith(f"{_NOT_LOADED}/") else 0
            if len(facts) > _MAX_FILES:
                raise _Problem(f"It has more than {_MAX_FILES} files.")
        if all(fact[0] != GRAPH for fact in facts):
            raise _Problem(f"It has no {GRAPH}.")
    except _Problem as problem:
        return _refuse(str(problem))
    except OSError as error:
        return _refuse(f"It cannot be read: {error.strerror}.")
    return VersionFiles(hash(tuple(sorted(facts))), size)


def _refuse(problem: str) -> VersionFiles:
    return VersionFiles(hash(problem), problem=problem)


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Each file's path within the folder, and its status. Links are followed, as Kubernetes mounts a volume."""
    folders = [""]
    while folders:
        folder = folders.pop()
        if folder.count("/") > _MAX_DEPTH:
            raise _Problem(f"Its folders are nested more than {_MAX_DEPTH} deep.")
        with os.scandir(root / folder) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith(".."))
        for name in names:
            path = f"{folder}{name}"
            status = _get_status(root / path, path)
            if status is None:
                continue
            if stat.S_ISDIR(status.st_mode) and path != GRAPH:
                folders.append(f"{path}/")
            else:
                _check_file(root / path, path, status)
                yield path, status


def _get_status(path: Path, shown: str) -> os.stat_result | None:
    """None for a file that was removed just now."""
    try:
        return path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise _Problem(f"{shown!r} is a link to nothing.") from None
        return None


def _check_file(path: Path, shown: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a device")
        raise _Problem(f"{shown!r} is {kind}, not a file.")
    if not os.access(path, os.R_OK):
        raise _Problem(f"{shown!r} cannot be read: Permission denied.")
