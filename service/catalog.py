"""What an engine serves, as the workers see it: a snapshot, replaced whole at every change."""

from functools import cached_property
from typing import Literal

import msgspec

from service.errors import BadRequest, ModelNotFound, Unavailable
from service.manifest import Manifest

STABLE, CANARY = "stable", "canary"
DEFAULT_SIGNATURE = "serving_default"

State = Literal["START", "LOADING", "AVAILABLE", "UNLOADING", "END"]


class TensorSpec(msgspec.Struct, frozen=True):
    """A signature's input or output. `dtype` is TensorFlow's name, `string` for bytes.

    In `shape`, -1 stands for any size; None is any number of dimensions. `tensor_name` is its name in the graph.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None
    tensor_name: str = ""


class Signature(msgspec.Struct, frozen=True):
    """What a signature of a SavedModel takes and returns.

    `batched`: the first dimension of every tensor counts rows, and rows of several requests run together. Otherwise
    each request runs by itself, with its tensors as they are. `method_name` is the SavedModel's word for what it does.
    """

    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    batched: bool = True
    method_name: str = ""


class Version(msgspec.Struct, frozen=True):
    """One version of a model; `error` says why it does not answer, empty if nothing went wrong.

    `default_signature` answers a request that names none. A version may lack it; then each request must name one.
    `runtime` is what runs it, and `unserved` says in a sentence each why signatures that it has are not served here.
    """

    number: int
    state: State
    error: str = ""
    manifest: Manifest | None = None
    signatures: dict[str, Signature] = {}
    default_signature: str = DEFAULT_SIGNATURE
    runtime: str = ""
    unserved: dict[str, str] = {}

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Of the default signature; none where the version lacks it."""
        return self.signatures.get(self.default_signature, _NO_SIGNATURE).inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Of the default signature; none where the version lacks it."""
        return self.signatures.get(self.default_signature, _NO_SIGNATURE).outputs

    def get_signature(self, name: str = "") -> Signature:
        """The signature of that name, the default one for an empty name. Raises BadRequest that lists them."""
        signature = self.signatures.get(name or self.default_signature)
        if signature is None and name in self.unserved:
            raise BadRequest(f"Signature '{name}' is not served: {self.unserved[name]}.")
        if signature is None:
            names = ", ".join(sorted(self.signatures)) or "none"
            raise BadRequest(f"There is no signature '{name or self.default_signature}'. There are: {names}.")
        return signature


_NO_SIGNATURE = Signature()


class Model(msgspec.Struct, frozen=True, dict=True):
    """A model: its versions by number, the numbers that its labels point at, the percent of requests that go to the
    label `canary` (without it the setting counts), and whether readiness waits for it."""

    name: str
    versions: dict[int, Version]
    labels: dict[str, int] = {}
    canary_percent: float | None = None
    required: bool = True

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
        """Whether some model answers, and every one that is required."""
        return not self.waiting and any(model.default for model in self.models.values())

    @property
    def waiting(self) -> list[str]:
        """The required models that have no version that answers."""
        return [name for name, model in self.models.items() if model.required and not model.default]

    def get_canary_percent(self, name: str, default: float) -> float:
        """Of the requests to the model without version or label, how many go to the label `canary`."""
        model = self.models.get(name)
        return default if model is None or model.canary_percent is None else model.canary_percent

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
