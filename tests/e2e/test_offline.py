"""The service starts and answers where there is no network but loopback: it fetches nothing."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.server import ROOT

UNSHARE = shutil.which("unshare")
NAMESPACE = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--net", "--map-root-user"]


def test_service_works_without_a_network() -> None:
    if UNSHARE is None or subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode:
        pytest.skip("unshare cannot make a network namespace here")
    command = [*NAMESPACE, sys.executable, "-m", "tests.support.offline", str(ROOT / "models")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert done.stdout.strip() == "answered", done.stderr
