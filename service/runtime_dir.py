"""The folder with a running service's sockets and metrics. Nobody else may write to it."""

import fcntl
import os
import resource
import stat
from pathlib import Path
from typing import IO

from service.settings import Settings, SettingsError

_MAX_SOCKET_PATH = 107  # bytes of a Unix socket's path on Linux
_PRIVATE = 0o077  # umask: what the service makes is readable and writable by its user alone


def prepare_runtime_dir(settings: Settings) -> IO[str]:
    """Make the folder, empty it and lock it; the lock that is returned holds until the process ends.

    Must run before anything imports prometheus_client, which looks for its folder then. Raises SettingsError, also if
    another service runs in the same folder.
    """
    if len(os.fspath(settings.engine_sockets[-1])) > _MAX_SOCKET_PATH:
        raise SettingsError(
            f"INKPAW_RUNTIME_DIR={settings.runtime_dir} is too long: a socket's path may have 107 bytes."
        )
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))  # one file per connection: the usual 1024 are too few
    os.umask(_PRIVATE)
    try:
        settings.runtime_dir.parent.mkdir(parents=True, exist_ok=True)
        _make_folder(settings.runtime_dir)
        lock = _take_lock(settings.runtime_dir)
        _make_folder(settings.metrics_dir)
        engine_files = (*settings.engine_sockets, *settings.readiness_files)
        marks = (settings.draining_mark, settings.rates_file)
        for leftover in (*settings.metrics_dir.iterdir(), *engine_files, *marks):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        at = f" ({error.filename})" if error.filename else ""
        raise SettingsError(
            f"INKPAW_RUNTIME_DIR={settings.runtime_dir} cannot be used: {error.strerror}{at}."
        ) from None
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.metrics_dir)
    return lock


def _make_folder(path: Path) -> None:
    """Make it, or take one that is ours: another user's would lay links where this service writes."""
    try:
        path.mkdir(0o700)
    except FileExistsError:
        status = path.lstat()
        if problem := _find_problem(status):
            raise SettingsError(f"INKPAW_RUNTIME_DIR: {path} {problem}; name a folder of this user's own.") from None


def _find_problem(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "is no folder"
    if status.st_uid != os.geteuid():
        return f"belongs to another user ({status.st_uid})"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written by other users"
    return ""


def _take_lock(folder: Path) -> IO[str]:
    lock = os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SettingsError(f"Another service runs in {folder}; give this one its own INKPAW_RUNTIME_DIR.") from None
    return lock
