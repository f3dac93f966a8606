"""The versions in memory, kept in line with the model folder: load, warm, swap, unload."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from service import metrics
from service.catalog import Catalog, Model, State, Version
from service.engine.model_folder import fingerprint, scan
from service.engine.servable import Servable
from service.engine.version_policy import VersionPolicies, plan_steps, select_versions

log = logging.getLogger(__name__)

Key = tuple[str, int]
_STATES: tuple[State, ...] = ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")


@dataclass(frozen=True)
class Slot:
    """One version: its state, and the fingerprint of its folder, which shows whether a failed one was replaced."""

    state: State
    error: str = ""
    servable: Servable | None = None
    fingerprint: int = 0

    def describe(self, number: int) -> Version:
        if self.servable is None:
            return Version(number, self.state, self.error)
        servable = self.servable
        signatures = {name: signature.describe() for name, signature in servable.signatures.items()}
        return Version(number, self.state, self.error, servable.manifest, signatures, servable.default_signature)


class Repository:
    """Keeps the loaded versions in line with the folder. `refresh` is called by one thread; `catalog` is for any."""

    def __init__(
        self,
        model_dir: Path,
        load: Callable[[Path], Servable],
        on_load: Callable[[Key, Servable], None],
        on_unload: Callable[[Key], None],
        policies: VersionPolicies,
    ) -> None:
        """`on_load` makes the version answer before it is announced; `on_unload` returns after its last request."""
        self._model_dir, self._load, self._on_load, self._on_unload = model_dir, load, on_load, on_unload
        self._policies = policies
        self._slots: dict[Key, Slot] = {}
        self._names: set[str] = set()
        self._lock = threading.Lock()
        self.catalog = Catalog(0, {})

    def refresh(self) -> None:
        """Look at the folder once and act on every difference. Never raises for a broken version."""
        folders = scan(self._model_dir)
        self._policies.refresh()
        self._forget_ended(folders)
        self._update_names(set(folders) | {name for (name, _), slot in self._slots.items() if slot.servable})
        for name in sorted(self._names):
            self._update_versions(name, folders.get(name, {}))
        self._update_names(self._names)

    def _update_names(self, names: set[str]) -> None:
        """Publish the catalog if its names, labels or canary's shares are out of date."""
        published = {name: (model.labels, model.canary_percent) for name, model in self.catalog.models.items()}
        now = {name: (self._policies.labels(name), self._policies.canary_percent(name)) for name in names}
        if self.catalog.generation and published == now:
            return
        with self._lock:
            self._names = names
            self._publish()

    def _update_versions(self, name: str, folders: dict[int, Path]) -> None:
        while True:
            slots = {number: slot for (owner, number), slot in self._slots.items() if owner == name}
            failed = [number for number, slot in slots.items() if slot.error]
            states = {number: slot.state for number, slot in slots.items()}
            labelled = self._policies.labels(name).values()
            selected = select_versions(folders, failed, self._policies.versions(name), labelled)
            steps = plan_steps(selected, states)
            for number in steps.load:
                self._load_version((name, number), folders[number])
            for number in steps.unload:
                self._unload_version((name, number))
            if not steps.load:
                return

    def _load_version(self, key: Key, folder: Path) -> None:
        files = fingerprint(folder)
        self._set(key, Slot("LOADING", fingerprint=files))
        try:
            servable = self._load(folder)
        except Exception as error:  # whatever is wrong with one version, the others go on
            log.exception("%s version %d does not load", *key)
            self._set(key, Slot("END", error=_first_line(error), fingerprint=files))
            return
        self._on_load(key, servable)
        metrics.MODEL_LOAD_SECONDS.labels(key[0], str(key[1])).set(servable.load_seconds)
        self._set(key, Slot("AVAILABLE", servable=servable, fingerprint=files))
        log.info("%s version %d answers after %.2f s", *key, servable.load_seconds)

    def _unload_version(self, key: Key) -> None:
        slot = self._slots[key]
        self._set(key, replace(slot, state="UNLOADING"))
        self._on_unload(key)
        if slot.servable:
            slot.servable.unload()
        self._set(key, Slot("END"))
        log.info("%s version %d is unloaded", *key)

    def _forget_ended(self, folders: dict[str, dict[int, Path]]) -> None:
        """Forget a version that ended once its folder is gone, or has other files than those that failed."""
        for (name, number), slot in list(self._slots.items()):
            folder = folders.get(name, {}).get(number)
            if slot.state == "END" and (folder is None or (slot.error and fingerprint(folder) != slot.fingerprint)):
                with self._lock:
                    del self._slots[name, number]
                    self._publish()

    def _set(self, key: Key, slot: Slot) -> None:
        with self._lock:
            self._slots[key] = slot
            self._publish()
        for state in _STATES:
            metrics.MODEL_STATE.labels(key[0], str(key[1]), state).set(state == slot.state)

    def _publish(self) -> None:
        names = sorted(self._names | {name for name, _ in self._slots})
        policies = self._policies
        models = {
            name: Model(name, {}, policies.labels(name), canary_percent=policies.canary_percent(name)) for name in names
        }
        for (name, number), slot in sorted(self._slots.items()):
            models[name].versions[number] = slot.describe(number)
        self.catalog = Catalog(time.monotonic_ns(), models)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
