"""Who may import whom: workers never hold TensorFlow, serving knows nothing of training."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

OPEN_TO_TRAINING = ("service.images", "service.errors", "service.hardware", "service.manifest")


def imports(folder: str) -> Iterator[tuple[str, str]]:
    """Every (file, module that it imports) of a package; for `from a import b`, `a.b`."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: a relative import"
                names = [f"{node.module}.{each.name}" for each in node.names]
            for name in names:
                yield str(path.relative_to(ROOT)), name


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("held", ["service.web.app", "service.gunicorn_app", "service.ipc.client"])
def test_neither_master_nor_worker_ever_holds_tensorflow(held: str) -> None:
    code = f"import sys, {held}; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_serving_never_imports_training() -> None:
    assert [found for found in imports("service") if within(found[1], "training")] == []


def test_training_imports_only_what_is_open_to_it_of_serving() -> None:
    of_service = [found for found in imports("training") if within(found[1], "service")]
    assert [found for found in of_service if not within(found[1], *OPEN_TO_TRAINING)] == []


def test_web_imports_only_what_both_halves_share_of_the_engine() -> None:
    of_engine = [found for found in imports("service/web") if within(found[1], "service.engine", "tensorflow")]
    assert [found for found in of_engine if not within(found[1], "service.ipc.client")] == []


def test_the_engine_never_imports_the_web() -> None:
    assert [found for found in imports("service/engine") if within(found[1], "service.web", "flask", "gunicorn")] == []


def test_images_know_nothing_of_either() -> None:
    of_service = [found for found in imports("service/images") if within(found[1], "service", "training")]
    assert [found for found in of_service if not within(found[1], *OPEN_TO_TRAINING)] == []


def test_training_is_there_to_be_looked_at() -> None:
    assert any(within(name, *OPEN_TO_TRAINING) for _, name in imports("training"))
