"""The examples of docs/client.md and of the README, run against the models that the repository ships."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import run_service
from tests.support.grpc_health import wait_for_grpc
from tests.support.server import Service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/client.md").read_text()
BLOCKS = dict(re.findall(r"```(bash|python)\n(.*?)```", PAGE, re.DOTALL))
LINES = BLOCKS["bash"].splitlines()
README = re.findall(r"^    ((?:curl|inkpaw|python -c) .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def shipped() -> Iterator[Service]:
    with run_service(ROOT / "models", Service, workers=1, grpc_port=0) as service:
        wait_for_grpc(service)
        yield service


@pytest.fixture(scope="module")
def folder(shipped: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the lines run, one after another. `inkpaw` is there as a command and as a package."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "photos").mkdir()
    for name in ("a.png", "b.jpg"):
        (folder / "photos" / name).write_bytes(shipped.get("/generate/digits-gan?label=7&seed=3").content)
    (folder / "inkpaw").symlink_to(ROOT / "service/client")
    (folder / "bin").mkdir()
    for name, command in (("inkpaw", "-m inkpaw"), ("python", "")):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {command} "$@"\n')
        script.chmod(0o755)
    return folder


def place(text: str, service: Service) -> str:
    """The example with the address of this service."""
    address = service.url.removeprefix("http://")
    return (
        text.replace("127.0.0.1:8080", address)
        .replace("localhost:8080", address)
        .replace("localhost:8001", service.grpc_address)
        .replace("Client()", f'Client("{address}")')
    )


def run(service: Service, folder: Path, *command: str) -> str:
    path = f"{folder}/bin:{os.environ['PATH']}"
    variables = os.environ | {"INKPAW_URL": service.url, "PYTHONPATH": str(folder), "PATH": path}
    result = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, (command, result.stdout, result.stderr)
    return result.stdout


def test_lines_of_the_page_work_and_leave_what_they_say(shipped: Service, folder: Path) -> None:
    for line in LINES:
        output = run(shipped, folder, "bash", "-o", "pipefail", "-c", line)
        assert bool(output) == ("-o" not in line), line
    assert len((folder / "labels.csv").read_text().splitlines()) == 3
    assert len((folder / "labels.jsonl").read_text().splitlines()) == 3
    assert (folder / "listed.csv").read_text().splitlines()[1].startswith("photos/b.jpg,")
    assert len(zipfile.ZipFile(folder / "two.zip").namelist()) == 2


def test_every_client_has_a_line_in_the_readme() -> None:
    needles = (
        "curl ",
        "inkpaw predict",
        "inkpaw generate",
        "inkpaw explain",
        "inkpaw.Client",
        "tritonclient",
        "kserve",
    )
    assert [needle for needle in needles if not any(needle in line for line in README)] == []


@pytest.mark.parametrize("line", README)
def test_line_of_the_readme_works(shipped: Service, folder: Path, line: str) -> None:
    if line.startswith("curl") and shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    if "kserve" in line and importlib.util.find_spec("kserve") is None:
        pytest.skip("kserve is not installed")  # it brings a hundred packages
    for name in ("seven.png", "cat.jpg", "dog.jpg"):
        (folder / name).write_bytes((folder / "photos/a.png").read_bytes())
    run(shipped, folder, "bash", "-c", place(line, shipped).replace("curl ", "curl -sS --fail-with-body "))


def test_python_of_the_page_works(shipped: Service, folder: Path) -> None:
    output = run(shipped, folder, sys.executable, "-c", place(BLOCKS["python"], shipped))
    assert "digits-gan 5 generate" in output and "[('7', " in output
    assert "failed: The image" in output and "404 There is no model 'unknown'" in output
