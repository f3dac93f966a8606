"""The posts' comparisons, one module a study. A module has

- a docstring whose first line says what is compared;
- `conduct(place, quick)`, which leaves `results.json` in the folder `place`; cut off and called again, it goes on;
- `tell(results, pictures)`, which draws into the folder `pictures` and gives what the report says, lines of Markdown.
"""

import ast
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from training import run
from training.errors import RecipeError
from training.studies.tools import store


class Study(Protocol):
    def conduct(self, place: Path, quick: bool) -> None: ...

    def tell(self, results: Any, pictures: Path) -> list[str]: ...


def names() -> list[str]:
    found = (path.stem.replace("_", "-") for path in Path(__file__).parent.glob("*.py"))
    return sorted(name for name in found if name != "--init--")


def load(name: str) -> Study:
    """Raises RecipeError."""
    if name not in names():
        raise RecipeError(f"There is no study '{name}'. There are: {', '.join(names())}.")
    return cast(Study, import_module(f"{__name__}.{name.replace('-', '_')}"))


def about(name: str) -> str:
    """What a study compares: the first line of its module, read without importing it and TensorFlow with it."""
    source = (Path(__file__).parent / f"{name.replace('-', '_')}.py").read_text()
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]


def folder(name: str, quick: bool = False) -> Path:
    """Where a study keeps its runs and its results."""
    return run.RUNS / ("quick/studies" if quick else "studies") / name


def conduct(name: str, quick: bool = False, fresh: bool = False) -> Path:
    """Do a study, or go on with it; its results. Raises RecipeError, DataMissing, PublishError."""
    study, place = load(name), folder(name, quick)
    if fresh:
        shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, exist_ok=True)
    study.conduct(place, quick)
    return place / "results.json"


def results(name: str, quick: bool = False) -> Any:
    """What a study found, None if it has not ended yet."""
    return store.load(folder(name, quick) / "results.json", None)
