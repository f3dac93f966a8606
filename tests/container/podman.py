"""podman with a storage of the test's own, and a Debian base that needs no image registry."""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASE = "localhost/inkpaw-base:test"
IMAGE = "localhost/inkpaw:test"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkpaw-test"
_SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# runc, because crun wants one kind of cgroups throughout; files, because there may be no systemd or journal.
_CONFIG = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def why_not() -> str:
    """What keeps the tests from running here; empty if nothing does."""
    if os.environ.get("INKPAW_TEST_CONTAINER") != "1":
        return "builds and runs a real container: set INKPAW_TEST_CONTAINER=1"
    if os.getuid():
        return "needs root"
    missing = [tool for tool in ("podman", "runc", "mmdebstrap") if not shutil.which(tool)]
    if missing:
        return f"needs {', '.join(missing)}"
    if not any((ROOT / "models").glob("*/*/saved_model.pb")):
        return "models/ holds no version"
    return ""


class Podman:
    """Everything it makes goes into one folder, and goes with it in `close`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="inkpaw-podman-"))
        config = self._folder / "containers.conf"
        config.write_text(_CONFIG)
        self._env = os.environ | {"CONTAINERS_CONF": str(config)}

    def command(self, *arguments: str) -> list[str]:
        return ["podman", "--root", f"{self._folder}/storage", "--runroot", f"{self._folder}/run", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command(*arguments), env=self._env)

    def __call__(self, *arguments: str) -> str:
        """What it prints. Fails the test, with what it said, if it fails."""
        done = self.tried(*arguments)
        assert done.returncode == 0, f"podman {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def tried(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments), env=self._env, capture_output=True, text=True)

    def build(self) -> None:
        self("import", str(_base()), BASE)
        # The bundle is for machines whose way to the package index has a certificate of its own.
        bundle = ["-v", f"{_CA_BUNDLE}:{_CA_BUNDLE}:ro"] if _CA_BUNDLE.exists() else []
        options = ["--pull=never", "--layers=false", "--format=docker", "--network=host", *bundle]
        self("build", *options, "--build-arg", f"BASE_IMAGE={BASE}", "-t", IMAGE, str(ROOT))

    def close(self) -> None:
        self.tried("rm", "--force", "--all", "--time=0")
        self.tried("rmi", "--force", "--all")
        subprocess.run(["umount", f"{self._folder}/storage/overlay"], capture_output=True)
        shutil.rmtree(self._folder)


def _base() -> Path:
    """A tar of this machine's own release with nothing but Python, made once."""
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    tar = _CACHE / f"base-{suite}.tar"
    if not tar.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        sources = next(path for path in _SOURCES if path.exists())
        part = tar.with_name(f"{os.getpid()}-{tar.name}")
        packages = "--include=ca-certificates,python3,python3-venv"
        try:
            subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", packages, suite, part, sources], check=True)
            part.rename(tar)
        finally:
            part.unlink(missing_ok=True)
    return tar
