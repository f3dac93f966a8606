"""The state of every version, and the catalog that is made of it."""

import time
from collections.abc import Set
from dataclasses import dataclass, replace

from service import metrics
from service.catalog import Catalog, Model, State, Version
from service.engine.model_folder import VersionFiles
from service.engine.servable import Servable
from service.engine.version_check import Refused
from service.engine.version_policy import VersionPolicies

Key = tuple[str, int]
_NO_FILES = VersionFiles()
_STATES: tuple[State, ...] = ("START", "LOADING", "AVAILABLE", "UNLOADING", "END")


@dataclass(frozen=True)
class Slot:
    """One version. `servable` is there while it answers, and `files` are those that it was loaded from.

    `error` says why it, or the files that took the place of its own, were refused. `refused` is the fingerprint of the
    refused files, `reason` and `final` as in Refused.
    """

    state: State
    servable: Servable | None = None
    files: VersionFiles = _NO_FILES
    error: str = ""
    reason: str = ""
    final: bool = False
    refused: int = 0

    def refuse(self, refusal: Refused, fingerprint: int) -> "Slot":
        return replace(self, error=str(refusal), reason=refusal.reason, final=refusal.final, refused=fingerprint)

    def describe(self, number: int) -> Version:
        if self.servable is None:
            return Version(number, self.state, self.error)
        servable = self.servable
        signatures = {name: signature.describe() for name, signature in servable.signatures.items()}
        return Version(
            number,
            self.state,
            self.error,
            servable.manifest,
            signatures,
            servable.default_signature,
            servable.runtime,
            servable.unserved,
        )


class VersionTable:
    """Written by one thread; `catalog` is for any, and is replaced whole at every change.

    `names` are the models that there are, `required` those that readiness waits for.
    """

    def __init__(self, policies: VersionPolicies) -> None:
        self._policies = policies
        self._slots: dict[Key, Slot] = {}
        self.names: Set[str] = frozenset()
        self.required: Set[str] = frozenset()
        self.catalog = Catalog(0, {})

    def list_slots(self) -> list[tuple[Key, Slot]]:
        return list(self._slots.items())

    def get(self, key: Key) -> Slot | None:
        return self._slots.get(key)

    def get_model(self, name: str) -> dict[int, Slot]:
        return {number: slot for (owner, number), slot in self._slots.items() if owner == name}

    def get_size(self, key: Key) -> int:
        """Bytes of the files that the version was loaded from; 0 if it is not loaded."""
        slot = self._slots.get(key)
        return slot.files.size if slot else 0

    def list_answering(self) -> set[str]:
        return {name for (name, _), slot in self._slots.items() if slot.state == "AVAILABLE"}

    def set(self, key: Key, slot: Slot) -> None:
        self._slots[key] = slot
        self._publish()
        _count_state(key, slot.state)

    def forget(self, key: Key) -> None:
        del self._slots[key]
        self._publish()
        _count_state(key, None)

    def update(self, names: Set[str], required: Set[str]) -> None:
        """Publish the catalog if its names, labels, canary's shares, or what readiness waits for are out of date."""
        self.names, self.required = frozenset(names), frozenset(required)
        published = {name: _list_facts(model) for name, model in self.catalog.models.items()}
        if not self.catalog.generation or published != {name: _list_facts(self._make_model(name)) for name in names}:
            self._publish()

    def _publish(self) -> None:
        names = sorted(self.names | {name for name, _ in self._slots})
        models = {name: self._make_model(name) for name in names}
        for (name, number), slot in sorted(self._slots.items()):
            models[name].versions[number] = slot.describe(number)
        self.catalog = Catalog(time.monotonic_ns(), models)

    def _make_model(self, name: str) -> Model:
        """Without its versions."""
        policies = self._policies
        return Model(name, {}, policies.labels(name), policies.canary_percent(name), name in self.required)


def _list_facts(model: Model) -> tuple[object, ...]:
    return model.labels, model.canary_percent, model.required


def _count_state(key: Key, current: State | None) -> None:
    for state in _STATES:
        metrics.MODEL_STATE.labels(key[0], str(key[1]), state).set(state == current)
