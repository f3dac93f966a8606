"""A model folder and the repository that watches it, with fake servables."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from service.catalog import DEFAULT_SIGNATURE
from service.engine.repository import Key, Repository
from service.engine.required_models import RequiredModels
from service.engine.signature import LoadedSignature
from service.engine.version_policy import VersionPolicies


@dataclass
class FakeServable:
    text: str
    manifest: None = None
    default_signature: str = DEFAULT_SIGNATURE
    signatures: dict[str, LoadedSignature] = field(default_factory=dict)
    load_seconds: float = 0.0
    runtime: str = "tensorflow"
    unserved: dict[str, str] = field(default_factory=dict)
    unloaded: bool = False

    def unload(self) -> None:
        self.unloaded = True


@dataclass
class ModelFolder:
    """A repository over a folder. `open` holds the versions that answer, `events` the loads and unloads in order."""

    folder: Path
    open: dict[Key, FakeServable] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    before_load: Callable[[], object] = lambda: None
    unload_first: bool = False
    required: RequiredModels | None = None

    def __post_init__(self) -> None:
        self.policies = self.folder / "policies.json"
        self.repository = Repository(
            self.folder,
            self._load,  # type: ignore[arg-type]
            on_load=self._on_load,  # type: ignore[arg-type]
            on_unload=self._on_unload,
            policies=VersionPolicies(self.policies),
            unload_first=self.unload_first,
            required=self.required,
        )

    def _load(self, path: Path) -> FakeServable:
        self.before_load()
        text = (path / "saved_model.pb").read_text()
        self.events.append(f"load {path.name}")
        if text == "broken" or not (path / "variables").exists():
            raise ValueError("it is broken\nin every way")
        return FakeServable(text)

    def _on_load(self, key: Key, servable: FakeServable) -> None:
        state = self.repository.catalog.models[key[0]].versions[key[1]].state
        assert state == "LOADING" or key in self.open, "a version must be announced before it answers"
        self.events.append(f"open {key[1]}")
        self.open[key] = servable

    def _on_unload(self, key: Key) -> None:
        state = self.repository.catalog.models[key[0]].versions[key[1]].state
        assert state == "UNLOADING", "the state must change before a version closes"
        self.events.append(f"close {key[1]}")
        del self.open[key]

    def add_version(self, number: int, text: str = "good", name: str = "net") -> Path:
        version_dir = self.folder / name / str(number)
        (version_dir / "variables").mkdir(parents=True, exist_ok=True)
        (version_dir / "saved_model.pb").write_text(text)
        return version_dir

    def refresh(self) -> list[Key]:
        """Scan the folder twice: a version is loaded once two scans found the same files. Returns the versions that
        answer afterwards."""
        self.repository.refresh()
        self.repository.refresh()
        return sorted(self.open)

    def get_default(self) -> int:
        return self.repository.catalog.resolve("net").number
