"""A model folder and the repository that watches it, with servables that only say what was done to them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from service.engine.repository import Key, Repository
from service.engine.version_policy import Policies


@dataclass
class FakeServable:
    text: str
    manifest: None = None
    inputs: tuple[()] = ()
    outputs: tuple[()] = ()
    load_seconds: float = 0.0
    unloaded: bool = False

    def unload(self) -> None:
        self.unloaded = True


@dataclass
class World:
    """A repository over a folder; `open` is what answers, `story` what happened in which order."""

    folder: Path
    open: dict[Key, FakeServable] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    on_load: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.policies = self.folder / "policies.json"
        self.repository = Repository(
            self.folder,
            self._load,  # type: ignore[arg-type]
            opened=self._opened,  # type: ignore[arg-type]
            closed=self._closed,
            policies=Policies(self.policies),
        )

    def _load(self, path: Path) -> FakeServable:
        self.on_load()
        text = (path / "saved_model.pb").read_text()
        self.story.append(f"load {path.name}")
        if text == "broken" or not (path / "variables").exists():
            raise ValueError("it is broken\nin every way")
        return FakeServable(text)

    def _opened(self, key: Key, servable: FakeServable) -> None:
        told = self.repository.catalog.models[key[0]].versions[key[1]].state
        assert told == "LOADING", "it is announced before it answers"
        self.story.append(f"open {key[1]}")
        self.open[key] = servable

    def _closed(self, key: Key) -> None:
        told = self.repository.catalog.models[key[0]].versions[key[1]].state
        assert told == "UNLOADING", "it closes before anybody is told"
        self.story.append(f"close {key[1]}")
        del self.open[key]

    def put(self, number: int, text: str = "good", name: str = "net") -> Path:
        place = self.folder / name / str(number)
        (place / "variables").mkdir(parents=True, exist_ok=True)
        (place / "saved_model.pb").write_text(text)
        return place

    def refreshed(self) -> list[Key]:
        """What answers after one look at the folder."""
        self.repository.refresh()
        return sorted(self.open)

    def default(self) -> int:
        return self.repository.catalog.resolve("net").number
