"""The client alone: what its import brings, and what its wheel holds."""

import marshal
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[4]
CLIENT = ROOT / "service/client"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy, as setuptools writes beside its sources; without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "service", folder / "service", ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--quiet", "--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "-w", folder, folder], check=True)
    return next(folder.glob("*.whl"))


def test_wheel_holds_the_client_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    modules = {f"inkpaw/{path.relative_to(CLIENT)}" for path in CLIENT.rglob("*.py")}
    assert {name for name in names if ".dist-info/" not in name} == modules | {"inkpaw/py.typed"}


def test_wheel_needs_neither_tensorflow_nor_flask(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
    lines = archive.read(name).decode().splitlines()
    needs = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist")]
    assert sorted(need for need in needs if "extra ==" not in need) == ["click", "httpx"]
    assert any(need.startswith("flask") and 'extra == "server"' in need for need in needs)


def list_needs(requirements: list[str]) -> Iterator[str]:
    """The packages that pip would install for them, by what is installed here; some of them twice."""
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name
            yield from list_needs(metadata.requires(requirement.name) or [])


def measure(path: Path) -> int:
    """Bytes of a file, and of its bytecode."""
    data = path.read_bytes()
    return len(data) + (len(marshal.dumps(compile(data, str(path), "exec"))) if path.suffix == ".py" else 0)


def test_client_and_all_that_it_needs_are_small(wheel: Path) -> None:
    [own] = metadata.distributions(path=[str(wheel)])
    needs = {name.lower(): metadata.files(name) or [] for name in list_needs(own.requires or [])}
    assert {"click", "httpx", "httpcore", "anyio"} <= needs.keys()
    files = [Path(str(file.locate())) for files in needs.values() for file in files if file.suffix != ".pyc"]
    size = sum(measure(path) for path in [*files, *CLIENT.rglob("*.py")] if path.is_file())
    assert 3e6 < size < 15e6, f"{size / 1e6:.1f} MB of {', '.join(sorted(needs))}"


def test_wheel_works_under_its_own_name(wheel: Path, tmp_path: Path) -> None:
    code = "import inkpaw, inkpaw.cli.app, sys; sys.exit('service' in sys.modules or not inkpaw.Client)"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(wheel)})
    assert run.returncode == 0


@pytest.mark.parametrize("module", ["service.client", "service.client.cli.app"])
def test_import_brings_nothing_of_the_service(module: str) -> None:
    others = ["tensorflow", "keras", "flask", "numpy", "PIL", "gevent", "pydantic", "pyarrow", "service.errors"]
    code = f"import sys, {module}; sys.exit(str([name for name in {others} if name in sys.modules] or ''))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.strip() == ""
