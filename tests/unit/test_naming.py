"""Functions and methods are verbs: none is named by a past participle."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

IRREGULAR = (
    "begun bound bought broken brought built caught chosen done drawn fallen forgotten found frozen given gone grown "
    "heard held hidden kept known left lost made meant met paid said seen sent shown sold sought spent stolen taken "
    "taught thought thrown told understood won worn woven written"
)
VERBS = {"feed", "need", "embed", "shed", "speed", "seed"}  # they end in -ed, but are no participles
EXCEPTIONS = {
    "resized",  # an iterator of resized copies; `resize` would say that the images of the split change
    "corked",  # a context manager: within it the connection is corked, after it no longer
}


def is_participle(name: str) -> bool:
    """Whether the first word of a function's name is a past participle."""
    word = name.lstrip("_").split("_")[0]
    return word in IRREGULAR.split() or (word.endswith("ed") and word not in VERBS)


def is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = {ast.unparse(decorator).split(".")[-1] for decorator in function.decorator_list}
    return bool(names & {"property", "cached_property", "setter"})


def find_participles(source: str) -> Iterator[str]:
    """The names of functions and methods, nested ones included, that are or begin with a participle."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_property(node):
            is_dunder = node.name.startswith("__") and node.name.endswith("__")
            if not is_dunder and node.name not in EXCEPTIONS and is_participle(node.name):
                yield node.name


def test_no_function_is_named_by_a_participle() -> None:
    paths = [*(ROOT / "service").rglob("*.py"), *(ROOT / "training").rglob("*.py")]
    assert len(paths) > 100
    names = [f"{path.relative_to(ROOT)}: {name}" for path in paths for name in find_participles(path.read_text())]
    assert sorted(names) == []


@pytest.mark.parametrize("name", ["compiled", "_compiled_model", "kept", "_found_in"])
def test_participles_are_recognised(name: str) -> None:
    source = f"class A:\n    def {name}(self): ...\n    @property\n    def {name}_value(self): ..."
    assert list(find_participles(source)) == [name]


@pytest.mark.parametrize("name", ["compile_model", "feed", "_feed", "read_file", "__set_named__", "resized"])
def test_verbs_and_exceptions_are_accepted(name: str) -> None:
    assert list(find_participles(f"async def {name}(): ...")) == []
