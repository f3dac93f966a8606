"""The versions on disk and in memory: looks at the model folder, loads, warms, swaps and unloads."""

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from service import metrics
from service.catalog import Catalog, Model, State, Version
from service.engine.servable import Servable
from service.engine.version_policy import Policies
from service.engine.versions import plan, wanted

log = logging.getLogger(__name__)

Key = tuple[str, int]
_STATES: tuple[State, ...] = ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Slot:
    """What is known of one version; `stamp` tells whether a version that failed has been replaced since."""

    state: State
    error: str = ""
    servable: Servable | None = None
    stamp: int = 0


def scan(model_dir: Path) -> dict[str, dict[int, Path]]:
    """Every `<name>/<integer>/` that holds a SavedModel; a half-copied one has none yet, or fails to load."""
    found: dict[str, dict[int, Path]] = {}
    for path in sorted(model_dir.glob("*/*/saved_model.pb")):
        version_dir = path.parent
        if version_dir.name.isdecimal() and _NAME.fullmatch(version_dir.parent.name):
            found.setdefault(version_dir.parent.name, {})[int(version_dir.name)] = version_dir
    return found


class Repository:
    """Keeps the loaded versions in line with the folder. `refresh` is called by one thread; the rest by any."""

    def __init__(
        self,
        model_dir: Path,
        load: Callable[[Path], Servable],
        opened: Callable[[Key, Servable], None],
        closed: Callable[[Key], None],
        policies: Policies,
    ) -> None:
        """`opened` makes the version answer before it is announced; `closed` returns when its last request has."""
        self._model_dir, self._load, self._opened, self._closed = model_dir, load, opened, closed
        self._policies = policies
        self._slots: dict[Key, Slot] = {}
        self._names: set[str] = set()
        self._lock = threading.Lock()
        self.catalog = Catalog(0, {})

    def refresh(self) -> None:
        """Look at the folder once and act on every difference. Never raises for a broken version."""
        found = scan(self._model_dir)
        self._policies.refresh()
        self._forget_replaced(found)
        self._name(set(found) | {name for (name, _), slot in self._slots.items() if slot.servable})
        for name in sorted(self._names):
            self._bring_in_line(name, found.get(name, {}))
        self._name(self._names)

    def _name(self, names: set[str]) -> None:
        """Tell the catalog again if the names or the labels are other than it says."""
        said = {name: model.labels for name, model in self.catalog.models.items()}
        if self.catalog.generation and said == {name: self._policies.labels(name) for name in names}:
            return
        with self._lock:
            self._names = names
            self._publish()

    def _bring_in_line(self, name: str, paths: dict[int, Path]) -> None:
        while True:
            mine = {number: slot for (owner, number), slot in self._slots.items() if owner == name}
            failed = [number for number, slot in mine.items() if slot.error]
            states = {number: slot.state for number, slot in mine.items()}
            labelled = self._policies.labels(name).values()
            steps = plan(wanted(paths, failed, self._policies.versions(name), labelled), states)
            for number in steps.load:
                self._load_one((name, number), paths[number])
            for number in steps.unload:
                self._unload_one((name, number))
            if not steps.load:
                return

    def _load_one(self, key: Key, path: Path) -> None:
        stamp = _stamp(path)
        self._set(key, Slot("LOADING", stamp=stamp))
        try:
            servable = self._load(path)
        except Exception as error:  # whatever is wrong with one version, the others go on
            log.exception("%s version %d does not load", *key)
            self._set(key, Slot("END", error=_first_line(error), stamp=stamp))
            return
        self._opened(key, servable)
        metrics.MODEL_LOAD_SECONDS.labels(key[0], str(key[1])).set(servable.load_seconds)
        self._set(key, Slot("AVAILABLE", servable=servable, stamp=stamp))
        log.info("%s version %d answers after %.2f s", *key, servable.load_seconds)

    def _unload_one(self, key: Key) -> None:
        slot = self._slots[key]
        self._set(key, replace(slot, state="UNLOADING"))
        self._closed(key)
        if slot.servable:
            slot.servable.unload()
        self._set(key, Slot("END"))
        log.info("%s version %d is unloaded", *key)

    def _forget_replaced(self, found: dict[str, dict[int, Path]]) -> None:
        """A version that ended is forgotten once its folder is gone, or holds something else than what failed."""
        for (name, number), slot in list(self._slots.items()):
            path = found.get(name, {}).get(number)
            if slot.state == "END" and (path is None or (slot.error and _stamp(path) != slot.stamp)):
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
        models = {name: Model(name, {}, self._policies.labels(name)) for name in names}
        for (name, number), slot in sorted(self._slots.items()):
            models[name].versions[number] = _described(number, slot)
        self.catalog = Catalog(time.monotonic_ns(), models)


def _described(number: int, slot: Slot) -> Version:
    if slot.servable is None:
        return Version(number, slot.state, slot.error)
    servable = slot.servable
    return Version(number, slot.state, slot.error, servable.manifest, servable.inputs, servable.outputs)


def _stamp(path: Path) -> int:
    """Changes when any file of the version does, or when one comes or goes."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return hash(tuple((file.as_posix(), file.stat().st_size, file.stat().st_mtime_ns) for file in files))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
