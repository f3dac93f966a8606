"""The folder with a running service's sockets and metrics."""

import fcntl
import os
import resource
import sys
from typing import IO

from service.settings import Settings

_MAX_SOCKET_PATH = 107  # bytes of a Unix socket's path on Linux


def prepare_runtime_dir(settings: Settings) -> IO[str]:
    """Make the folder, empty it and lock it; the lock that is returned holds until the process ends.

    Must run before anything imports prometheus_client, which looks for its folder then. Ends the process with a
    sentence if another service runs in the same folder.
    """
    if len(os.fspath(settings.engine_sockets[-1])) > _MAX_SOCKET_PATH:
        sys.exit(f"INKPAW_RUNTIME_DIR={settings.runtime_dir} is too long: a socket's path may have 107 bytes.")
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))  # one file per connection: the usual 1024 are too few
    settings.metrics_dir.mkdir(parents=True, exist_ok=True)
    lock = (settings.runtime_dir / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"Another service runs in {settings.runtime_dir}; give this one its own INKPAW_RUNTIME_DIR.")
    for leftover in (*settings.metrics_dir.glob("*.db"), *settings.engine_sockets, settings.draining_mark):
        leftover.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.metrics_dir)
    return lock
