"""A full disk costs the metrics, not the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# counts in more series than the disk has space for, and says what it holds then
COUNT = """
import os, resource, sys
limit, fill = int(sys.argv[1]), sys.argv[2]
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from service import metrics
metrics.REQUESTS.labels("digits", "1", "native", "200").inc(3)
if fill:
    with open(fill, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
for version in range(500):
    metrics.REQUESTS.labels("digits", str(version), "native", "404").inc()
    metrics.CONFIDENCE.labels("digits", str(version)).observe(0.5)
metrics.REQUESTS.labels("digits", "1", "native", "200").inc(4)
(family,) = metrics.REQUESTS.collect()
total = (sample for sample in family.samples if sample.name == "inkpaw_requests_total")
print(sum(sample.value for sample in total if sample.labels["status"] == "200"))
"""


def _run(folder: Path, limit: int = 0, fill: str = "", before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"{before}exec {sys.executable} -c '{COUNT}' {limit} '{fill}'"
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    command = ["unshare", "--mount", "sh", "-c", code] if before else ["sh", "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)


def _mount(folder: Path, size: str) -> str:
    """The shell's command for a disk of that size which only this shell sees, or a skip."""
    command = f"mount -t tmpfs -o size={size} tmpfs {folder} && "
    if subprocess.run(["unshare", "--mount", "sh", "-c", f"{command} true"], capture_output=True).returncode:
        pytest.skip("a disk of a given size takes the right to mount")
    return command


@pytest.mark.parametrize("size", ["64k", "128k", "256k"])
def test_full_disk_ends_no_process(tmp_path: Path, size: str) -> None:
    """On 64 KiB there is space for one file, else the disk fills while files grow."""
    ended = _run(tmp_path, fill=str(tmp_path / "filler"), before=_mount(tmp_path, size))
    assert (ended.returncode, ended.stdout) == (0, "7.0\n"), ended.stderr
    assert ended.stderr.count("without metrics") == 1
    assert "No space left on device" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize("limit", [1 << 10, 1 << 16, 1 << 17])
def test_files_that_may_not_grow_leave_their_values_in_memory(tmp_path: Path, limit: int) -> None:
    ended = _run(tmp_path, limit)
    assert (ended.returncode, ended.stdout) == (0, "7.0\n"), ended.stderr
    assert ended.stderr.count("without metrics") == 1
    assert len(list(tmp_path.glob("lost_*"))) == 1, "nothing tells `/metrics`"


def test_disk_space_is_taken_before_it_is_mapped(tmp_path: Path) -> None:
    ended = _run(tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    files = [path.stat() for path in tmp_path.glob("*.db")]
    assert files and all(file.st_blocks * 512 >= file.st_size for file in files)
