"""The versions in memory, kept in line with the model folder: load, warm, swap, unload."""

import logging
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path

from service.catalog import Catalog
from service.engine.model_folder import VersionFiles
from service.engine.model_watch import FileWatch, ModelWatch
from service.engine.required_models import RequiredModels
from service.engine.servable import Servable
from service.engine.version_check import Refused, check_kind, check_memory, check_same_manifest, explain
from service.engine.version_loader import VersionLoader
from service.engine.version_policy import VersionPolicies, plan_steps, select_versions
from service.engine.version_table import Key, Slot, VersionTable
from service.litert import LITERT_PATH

__all__ = ["Key", "Repository"]

log = logging.getLogger(__name__)


class Repository:
    """Keeps the loaded versions in line with the folder. `refresh` is called by one thread; `catalog` is for any.

    A version is loaded only if its files were the same at two looks in a row: one that is being copied waits.
    """

    def __init__(
        self,
        model_dir: Path,
        load: Callable[[Path], Servable],
        on_load: Callable[[Key, Servable], None],
        on_unload: Callable[[Key], None],
        policies: VersionPolicies,
        unload_first: bool = False,
        required: RequiredModels | None = None,
    ) -> None:
        """For `load`, `on_load` and `on_unload` see VersionLoader.

        With `unload_first` a version makes room before the next is loaded. Without `required`, readiness waits for no
        model in particular.
        """
        self._watch = ModelWatch(model_dir)
        self._policies = policies
        self._unload_first = unload_first
        self._required = required
        self._table = VersionTable(policies)
        self._loader = VersionLoader(self._table, load, on_load, on_unload)
        self._files = FileWatch()

    @property
    def catalog(self) -> Catalog:
        return self._table.catalog

    def refresh(self) -> None:
        """Look at the folder once and act on every difference. Never raises for a broken version."""
        self._policies.refresh()
        look = self._watch.look(serving=bool(self._table.list_answering()))
        if look is None:
            self._table.update(self._table.names, self._table.required)  # a label may have moved
            return
        folders = {name: versions for name, versions in look.versions.items() if versions}
        self._files.start_look()
        self._forget_gone(folders, look.unreadable.keys())
        names = folders.keys() | look.unreadable.keys()
        self._update_names(names)
        for name in sorted(self._table.names - look.unreadable.keys(), key=lambda name: _rank(name, folders)):
            try:
                self._update_versions(name, folders.get(name, {}))
            except Exception:  # whatever is wrong with one model, the others go on
                log.exception("%s could not be brought in line with its folder", name)
        self._update_names(names)

    def _update_names(self, names: Set[str]) -> None:
        answering = self._table.list_answering()
        required = self._required.update(names | answering, answering) if self._required else frozenset()
        self._table.update(names | answering, required)

    def _update_versions(self, name: str, folders: Mapping[int, Path]) -> None:
        self._take_changed(name, folders)
        skipped: set[int] = set()
        while True:
            states = {number: slot.state for number, slot in self._table.get_model(name).items()}
            labelled = self._policies.labels(name).values()
            selected = select_versions(folders, skipped, self._policies.versions(name), labelled)
            steps = plan_steps(selected, states, self._unload_first)
            if steps.load and not self._may_load((name, steps.load[0]), folders, steps.unload):
                skipped.add(steps.load[0])
                continue
            if all(states.get(number) != "START" for number in skipped):  # else the next to answer is about to come
                for number in steps.unload:
                    self._loader.unload((name, number))
            if not steps.load:
                return
            key, folder = (name, steps.load[0]), folders[steps.load[0]]
            if not self._loader.load(key, folder, self._files.inspect(key, folder)):
                skipped.add(key[1])

    def _may_load(self, key: Key, folders: Mapping[int, Path], leaving: Sequence[int]) -> bool:
        """Whether a version is whole, still and not refused, and fits into memory once others have left."""
        folder = folders[key[1]]
        files, slot = self._files.inspect(key, folder), self._table.get(key)
        if slot and slot.final and slot.refused == files.fingerprint:
            return False
        try:
            if files.problem:
                raise Refused("files", files.problem, final=False)
            if not self._files.is_still(key):
                if slot is None or slot.state != "START":
                    self._table.set(key, Slot("START"))
                return False
            check_kind(key[1], folders)
            check_memory(files.size, sum(self._table.get_size((key[0], number)) for number in leaving))
        except Exception as error:
            self._loader.refuse(key, explain(error, folder), files)
            return False
        return True

    def _take_changed(self, name: str, folders: Mapping[int, Path]) -> None:
        """Load those versions anew whose files were replaced in place."""
        for number, slot in self._table.get_model(name).items():
            if slot.servable is None or number not in folders:
                continue
            key, folder = (name, number), folders[number]
            files = self._files.inspect(key, folder)
            if files == slot.files:
                if slot.error:  # of files that are gone again
                    self._table.set(key, Slot("AVAILABLE", slot.servable, slot.files))
            elif files.problem:
                self._loader.refuse(key, Refused("files", files.problem, final=False), files)
            elif self._files.is_still(key) and not (slot.final and slot.refused == files.fingerprint):
                self._replace(key, slot.servable, folder, files)

    def _replace(self, key: Key, servable: Servable, folder: Path, files: VersionFiles) -> None:
        try:
            check_same_manifest(servable.manifest, folder)
            check_memory(files.size, self._table.get_size(key) if self._unload_first else 0)
        except Exception as error:
            self._loader.refuse(key, explain(error, folder), files)
            return
        if self._unload_first:
            self._loader.unload(key)  # it is loaded as one that is new
        else:
            self._loader.replace(key, folder, files)

    def _forget_gone(self, folders: Mapping[str, Mapping[int, Path]], unreadable: Set[str]) -> None:
        """Forget versions that do not serve: those whose folders are gone, and those that no policy asks for now."""
        for (name, number), slot in self._table.list_slots():
            if name in unreadable:
                continue
            gone = number not in folders.get(name, {}) and slot.state in ("START", "END")
            unwanted = slot.state == "START" and not self._files.was_inspected((name, number))
            if gone or unwanted:
                self._table.forget((name, number))


def _rank(name: str, folders: Mapping[str, Mapping[int, Path]]) -> tuple[bool, str]:
    """Models with a LiteRT form come first: they load in milliseconds, and the import of TensorFlow takes seconds."""
    versions = folders.get(name, {})
    return not versions or not (versions[max(versions)] / LITERT_PATH).exists(), name
