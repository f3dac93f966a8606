"""Processes, as /proc of Linux shows them."""

import contextlib
from pathlib import Path


def _read_stat(pid: int) -> list[str]:
    """The fields from the state on. The name before them may hold spaces and brackets, so it is cut off."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def is_alive(pid: int) -> bool:
    """Whether the process runs. A zombie does not."""
    try:
        return _read_stat(pid)[0] not in "ZX"
    except OSError:
        return False


def list_descendants(pid: int) -> list[int]:
    """The children of the process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                children.setdefault(int(_read_stat(int(entry.name))[1]), []).append(int(entry.name))
    descendants, parents = [], [pid]
    while parents:
        pids = children.get(parents.pop(), [])
        descendants += pids
        parents += pids
    return descendants


def list_session(leader: int) -> list[int]:
    """The processes of this session leader, also those whose parent has ended."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if int(_read_stat(int(entry.name))[3]) == leader:
                    pids.append(int(entry.name))
    return pids


def read_command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def read_maps(pid: int) -> str:
    """The files that the process has mapped into memory."""
    return Path(f"/proc/{pid}/maps").read_text()


def read_peak_memory(pid: int) -> int:
    """The peak resident memory of the process, in bytes."""
    return _read_status_bytes(pid, "VmHWM")


def read_memory(pid: int) -> int:
    """The resident memory of the process, in bytes."""
    return _read_status_bytes(pid, "VmRSS")


def _read_status_bytes(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024


def count_waits_by_thread(pid: int) -> dict[int, int]:
    """How often each thread of the process has waited for something, by the thread's id."""
    waits = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            status = (task / "status").read_text()
            waits[int(task.name)] = int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return waits
