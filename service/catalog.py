"""What an engine serves, as the workers see it: a snapshot, replaced whole at every change."""

from functools import cached_property
from typing import Literal

import msgspec

from service.errors import ModelNotFound, Unavailable
from service.manifest import Manifest

STABLE, CANARY = "stable", "canary"

State = Literal["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]


class TensorSpec(msgspec.Struct, frozen=True):
    """A signature's input or output; -1 stands for any size."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Version(msgspec.Struct, frozen=True):
    """One version of a model; `error` says why it does not answer, empty if nothing went wrong."""

    number: int
    state: State
    error: str = ""
    manifest: Manifest | None = None
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()


class Model(msgspec.Struct, frozen=True, dict=True):
    """A model: its versions by number, and the numbers that its labels point at."""

    name: str
    versions: dict[int, Version]
    labels: dict[str, int] = {}

    def get_labelled(self, label: str) -> Version | None:
        """The version that the label points at, if it answers."""
        version = self.versions.get(self.labels.get(label, -1))
        return version if version and version.state == "AVAILABLE" else None

    @cached_property
    def default(self) -> Version | None:
        """What answers a request without a version: the label `stable`, else the newest that is not the canary."""
        available = [version for version in self.versions.values() if version.state == "AVAILABLE"]
        candidates = [version for version in available if version.number != self.labels.get(CANARY)]
        newest = max(candidates or available, key=lambda version: version.number, default=None)
        return self.get_labelled(STABLE) or newest


class Catalog(msgspec.Struct, frozen=True, dict=True):
    """`generation` grows with every change; 0 is before the models were first looked at."""

    generation: int
    models: dict[str, Model]

    @cached_property
    def ready(self) -> bool:
        """Whether every model has a version that answers."""
        return bool(self.models) and all(model.default for model in self.models.values())

    def resolve(self, name: str, version: int | None = None, label: str | None = None, canary: bool = False) -> Version:
        """The version that a request means. With `canary`, a request without a version or label means the label
        `canary` if that answers.

        Raises ModelNotFound, Unavailable.
        """
        model = self.models.get(name)
        if not self.generation:
            raise Unavailable("The engine has just started and does not know yet which models there are.")
        if model is None:
            raise ModelNotFound(f"There is no model '{name}'. There are: {', '.join(sorted(self.models)) or 'none'}.")
        if label is not None:
            version = model.labels.get(label)
            if version is None:
                raise ModelNotFound(f"Model '{name}' has no label '{label}'.")
        if version is not None:
            resolved = model.versions.get(version)
            if resolved is None:
                raise ModelNotFound(f"Model '{name}' has no version {version}.")
        else:
            resolved = (canary and model.get_labelled(CANARY)) or model.default
        if resolved is None or resolved.state != "AVAILABLE":
            raise Unavailable(f"Model '{name}' has no version that can answer now.")
        return resolved
