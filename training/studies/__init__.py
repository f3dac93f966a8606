"""The comparisons of the teaching posts, one module per study. A module has

- a docstring whose first line says what is compared;
- `run_study(folder, quick)`, which writes `results.json` into `folder`; a study that was interrupted resumes;
- `render_section(results, pictures)`, which draws plots into the folder `pictures` and returns the study's section of
  the report, lines of Markdown.
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
    def run_study(self, folder: Path, quick: bool) -> None: ...

    def render_section(self, results: Any, pictures: Path) -> list[str]: ...


def list_studies() -> list[str]:
    modules = (path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    return sorted(module.replace("_", "-") for module in modules)


def load_study(name: str) -> Study:
    """Raises RecipeError if there is no such study."""
    if name not in list_studies():
        raise RecipeError(f"There is no study '{name}'. There are: {', '.join(list_studies())}.")
    return cast(Study, import_module(f"{__name__}.{name.replace('-', '_')}"))


def describe(name: str) -> str:
    """What a study compares: the first line of its module, read as text, because an import would load TensorFlow."""
    source = (Path(__file__).parent / f"{name.replace('-', '_')}.py").read_text()
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]


def get_folder(name: str, quick: bool = False) -> Path:
    """The folder of a study's runs and results."""
    return run.RUNS / ("quick/studies" if quick else "studies") / name


def run_study(name: str, quick: bool = False, fresh: bool = False) -> Path:
    """Runs a study, or resumes it, and returns its results file. With `fresh`, it starts again from nothing.

    Raises RecipeError, DataMissing, PublishError.
    """
    study, folder = load_study(name), get_folder(name, quick)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    study.run_study(folder, quick)
    return folder / "results.json"


def load_results(name: str, quick: bool = False) -> Any:
    """The results of a study, or None if it is not finished yet."""
    return store.load(get_folder(name, quick) / "results.json", None)
