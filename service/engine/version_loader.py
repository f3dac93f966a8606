"""Loads, replaces, unloads and refuses single versions, and says so in the table, the metrics and the log."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service import metrics
from service.engine.model_folder import VersionFiles, inspect
from service.engine.servable import Servable
from service.engine.version_check import Refused, check_same_signature, explain
from service.engine.version_table import Key, Slot, VersionTable

log = logging.getLogger(__name__)


class VersionLoader:
    def __init__(
        self,
        table: VersionTable,
        load: Callable[[Path], Servable],
        on_load: Callable[[Key, Servable], None],
        on_unload: Callable[[Key], None],
    ) -> None:
        """`on_load` makes a version answer before it is announced, in the place of an earlier one of its number if
        there is one, and returns after that one's last batch; `on_unload` returns after its last request."""
        self._table, self._load, self._on_load, self._on_unload = table, load, on_load, on_unload

    def load(self, key: Key, folder: Path, files: VersionFiles) -> bool:
        """Whether the version answers now; else its state says why not."""
        self._table.set(key, Slot("LOADING"))
        metrics.VERSION_REFUSED.labels(key[0], "load")  # 0 from now on: Prometheus sees no rise from nothing
        try:
            servable = self._load_files(folder, files)
        except Exception as error:  # whatever is wrong with one version, the others go on
            self.refuse(key, explain(error, folder), files)
            return False
        self._on_load(key, servable)
        self._announce(key, servable, files)
        return True

    def replace(self, key: Key, folder: Path, files: VersionFiles) -> None:
        """Swap a version for the changed files of its folder; if they are refused, it goes on."""
        slot = self._table.get(key)
        assert slot is not None and slot.servable is not None
        try:
            servable = self._load_files(folder, files)
            try:
                check_same_signature(slot.servable, servable)
            except Refused:
                servable.unload()
                raise
        except Exception as error:
            self.refuse(key, explain(error, folder), files)
            return
        self._on_load(key, servable)
        slot.servable.unload()
        if servable.runtime != slot.servable.runtime:
            _set_runtime(key, slot.servable, 0)
        self._announce(key, servable, files)

    def unload(self, key: Key) -> None:
        slot = self._table.get(key)
        assert slot is not None
        self._table.set(key, replace(slot, state="UNLOADING"))
        self._on_unload(key)
        if slot.servable:
            _set_runtime(key, slot.servable, 0)
            slot.servable.unload()
        self._table.set(key, Slot("END"))
        log.info("%s version %d is unloaded", *key)

    def refuse(self, key: Key, refusal: Refused, files: VersionFiles) -> None:
        """Say it once for these files. A version that answers goes on, with the files that it was loaded from."""
        slot = self._table.get(key) or Slot("START")
        if (slot.reason, slot.refused) == (refusal.reason, files.fingerprint):
            return
        answers = slot.state == "AVAILABLE"
        self._table.set(key, (slot if answers else Slot("END")).refuse(refusal, files.fingerprint))
        metrics.VERSION_REFUSED.labels(key[0], refusal.reason).inc()
        what = "was changed, and goes on as it was loaded" if answers else "does not load"
        log.error("%s version %d %s: %s", *key, what, refusal, exc_info=log.isEnabledFor(logging.DEBUG))

    def _load_files(self, folder: Path, files: VersionFiles) -> Servable:
        servable = self._load(folder)
        if inspect(folder) != files:
            servable.unload()
            raise Refused("files", "Its files changed while it was loaded.", final=False)
        return servable

    def _announce(self, key: Key, servable: Servable, files: VersionFiles) -> None:
        metrics.MODEL_LOAD_SECONDS.labels(key[0], str(key[1])).set(servable.load_seconds)
        _set_runtime(key, servable, 1)
        self._table.set(key, Slot("AVAILABLE", servable, files))
        log.info("%s version %d answers after %.2f s, in %s", *key, servable.load_seconds, servable.runtime)


def _set_runtime(key: Key, servable: Servable, value: int) -> None:
    metrics.MODEL_RUNTIME.labels(key[0], str(key[1]), servable.runtime).set(value)
