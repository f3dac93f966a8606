"""podman with its own storage, and a Debian base image that needs no image registry."""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BASE = "localhost/inkpaw-base:test"
IMAGE = "localhost/inkpaw:test"
EPOCH = 1_700_000_000
BUILD_ARGUMENTS = {"BASE_IMAGE": BASE, "VERSION": "1.2.3", "REVISION": "abc", "CREATED": "2023-11-14T22:13:20Z"}
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inkpaw-test"
_SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# runc, because crun needs the same version of cgroups everywhere; files, because systemd or its journal may be missing
_CONFIG = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def find_skip_reason() -> str:
    """Why the tests cannot run on this machine; empty if they can."""
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
    """Runs podman. Everything it creates lies in one folder, which `close` removes."""

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
        """Run a command and return its output. Fails the test if the command fails."""
        result = self.run(*arguments)
        assert result.returncode == 0, f"podman {' '.join(arguments)}\n{result.stdout}{result.stderr}"
        return result.stdout.strip()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        return subprocess.run(self.command(*arguments), env=self._env, capture_output=True, text=True)

    def build(self) -> None:
        self("import", str(_build_base()), BASE)
        self.build_image(IMAGE)

    def build_image(self, tag: str) -> None:
        """From nothing but the base image, with the times and labels of a revision."""
        # some machines reach the package index through a proxy with its own certificate
        bundle = ["-v", f"{_CA_BUNDLE}:{_CA_BUNDLE}:ro"] if _CA_BUNDLE.exists() else []
        options = ["--pull=never", "--layers=false", "--format=docker", "--network=host", *bundle]
        options += [f"--timestamp={EPOCH}", *(f"--build-arg={name}={value}" for name, value in BUILD_ARGUMENTS.items())]
        self("build", *options, "-t", tag, str(ROOT))

    def close(self) -> None:
        self.run("rm", "--force", "--all", "--time=0")
        self.run("rmi", "--force", "--all")
        subprocess.run(["umount", f"{self._folder}/storage/overlay"], capture_output=True)
        shutil.rmtree(self._folder)


def _build_base() -> Path:
    """The path of a tar with this machine's Debian release and Python. It is built once and cached."""
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
