"""Makes each fault on a service of its own under load, and holds what was seen against what was promised."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.faults.fault import REQUEST_SECONDS, SETTINGS, Fault, Scene, Skipped, list_leftovers, list_shared_memory
from tests.faults.load import Load
from tests.support.models import build_model
from tests.support.server import Service
from tests.support.tcp import find_free_port

MODELS = ("echo", "sluggish", "brittle")
_WARM_UP = 100  # right answers before the fault


@dataclass(frozen=True)
class Result:
    fault: Fault
    seen: str
    broken: list[str]
    skipped: str = ""


def build_models(folder: Path) -> Path:
    for name in MODELS:
        build_model(folder, name)
    return folder


def run_fault(fault: Fault, models: Path) -> Result:
    """One fault, from the start of a service to its end."""
    before = set(list_shared_memory())
    try:
        with tempfile.TemporaryDirectory(prefix="ink") as name, _serve(fault, models, Path(name)) as service:
            return _run(fault, Scene(service, Load(urlsplit(service.url).netloc, REQUEST_SECONDS), Path(name)), before)
    except Skipped as reason:
        return Result(fault, "", [], str(reason))


def _run(fault: Fault, scene: Scene, before: set[Path]) -> Result:
    with scene.load:
        scene.check(scene.load.wait_for("right", _WARM_UP, 30), "it did not answer before the fault")
        fault.make(scene)
    _check_end(scene, fault)
    scene.notes += [f"left: {thing}" for thing in list_leftovers(scene.service, before)]
    scene.check(fault.is_logged or "Traceback" not in scene.service.log, "a traceback in the log")
    return _make_result(scene, fault)


def _check_end(scene: Scene, fault: Fault) -> None:
    """The service ends, by itself after a fault that stops it, with nothing left."""
    if not fault.stops:
        scene.service.process.terminate()
    try:
        code = scene.service.process.wait(30)
    except Exception:
        scene.check(False, "it did not end within 30 s")
        return
    scene.check(code in (0, -9), f"exit code {code}")


def _make_result(scene: Scene, fault: Fault) -> Result:
    tally = scene.load.tally
    for outcome in tally.counts:
        if outcome != "right" and outcome not in fault.allowed:
            scene.check(False, f"{tally.counts[outcome]} {outcome}: {tally.examples[outcome][:200]}")
    return Result(fault, tally.describe(), list(dict.fromkeys(scene.notes)))


@contextlib.contextmanager
def _serve(fault: Fault, models: Path, folder: Path) -> Iterator[Service]:
    """A ready service with a copy of the models; everything of it is removed at the end."""
    copied = folder / "models"
    shutil.copytree(models, copied)
    settings = SETTINGS | {"port": find_free_port()} | fault.settings
    with fault.surroundings(folder) as more:
        service = Service(copied, settings | more)
        try:
            service.start()
            yield service
        finally:
            service.clean_up()
