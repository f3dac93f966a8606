"""Which room of `training` may import which: only rooms below its own, so that there are no circles."""

import ast
from collections.abc import Iterator
from pathlib import Path

TRAINING = Path(__file__).parents[3] / "training"

# from the bottom up; rooms on one floor do not import each other
FLOORS = [
    {"errors"},
    {"recipes"},
    {"run", "nets", "data"},
    {"model_store", "plots", "input"},
    {"export", "fit"},
    {"evaluation"},
    {"publish"},
    {"pipeline"},
    {"studies"},
    {"report"},
    {"cli"},
    {"__main__"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def _room(path: Path) -> str:
    return path.relative_to(TRAINING).parts[0].removesuffix(".py")


def _imports() -> Iterator[tuple[Path, str]]:
    """(file, room that it imports from) for every import between two rooms."""
    for path in sorted(TRAINING.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("training"):
                continue
            for name in node.names:
                room = f"{node.module}.{name.name}".split(".")[1]
                if room != _room(path):
                    yield path, room


def test_every_room_has_a_floor() -> None:
    rooms = {_room(path) for path in TRAINING.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__"} == FLOOR.keys()


def test_no_room_imports_one_above_it_or_beside_it() -> None:
    upward = [f"{path.relative_to(TRAINING)}: {room}" for path, room in _imports() if FLOOR[room] >= FLOOR[_room(path)]]
    assert upward == []


def test_there_are_imports_to_check() -> None:
    assert len({(_room(path), room) for path, room in _imports()}) > 30
