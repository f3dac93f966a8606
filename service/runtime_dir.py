"""The folder that a running service keeps its sockets and metrics in."""

import fcntl
import os
import resource
import sys
from typing import IO

from service.settings import Settings

_LONGEST_SOCKET = 107  # bytes of a Unix socket's path on Linux


def prepare(settings: Settings) -> IO[str]:
    """Make the folder empty and ours; the lock it returns is held until the process ends.

    Must come before anything imports prometheus_client, which looks for its folder then. Ends the process with a
    sentence if another service runs in the same folder.
    """
    if len(os.fspath(settings.engine_sockets[-1])) > _LONGEST_SOCKET:
        sys.exit(f"INKPAW_RUNTIME_DIR={settings.runtime_dir} is too long a path for a socket to lie in.")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a file a connection: the usual 1024 would be too few
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
