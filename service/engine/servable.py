"""A version in memory: its signatures, warmed and ready to run."""

import logging
import time
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from numpy.typing import NDArray

from service.catalog import TensorSpec
from service.engine.batch_sizes import list_batch_sizes
from service.engine.runtimes.choice import Runtimes
from service.engine.signature import LoadedSignature
from service.engine.signature_def import choose_default
from service.errors import BadRequest
from service.manifest import read_manifest

log = logging.getLogger(__name__)


class Servable:
    """One version of a model, loaded, with its `signatures` by name.

    With `mixed` a classifier with a manifest multiplies in bfloat16. A generator never does: one seed must be one image
    on every machine.

    `runtime` names what runs it, and `unserved` says why signatures of it are not served.

    Raises ManifestError for a broken servable.json, BadRequest for a version without a signature that can be served,
    and whatever the runtime raises for one that is broken.
    """

    def __init__(
        self,
        path: Path,
        max_batch_size: int,
        mixed: bool = False,
        runtimes: Runtimes = Runtimes(),  # noqa: B008
    ) -> None:
        started = time.monotonic()
        self.manifest = read_manifest(path)
        mixed = mixed and self.manifest is not None and self.manifest.kind == "classifier"
        self._path = path
        self._programs, self.unserved = runtimes.open(path, mixed)
        self.runtime = "+".join(sorted(program.runtime for program in self._programs))
        sizes = list_batch_sizes(max_batch_size)
        self.signatures = {
            name: LoadedSignature(program, name, sizes) for program in self._programs for name in program.signatures
        }
        self.default_signature = choose_default({**self.signatures, **self.unserved})
        if reason := self.unserved.get(self.default_signature):
            raise BadRequest(f"Signature '{self.default_signature}' cannot be served: {reason}.")
        if self.manifest is not None and self.default_signature not in self.signatures:
            raise BadRequest(f"The SavedModel has a servable.json, but no signature '{self.default_signature}'.")
        for name, signature in self.signatures.items():
            self._warm_up(name, signature)
        self.load_seconds = time.monotonic() - started

    def _warm_up(self, name: str, signature: LoadedSignature) -> None:
        """Raises the model's error where a manifest promises images or seeds, of which none may fail."""
        error = signature.warm_up(self._list_examples(name))
        if error is None:
            return
        if self.manifest is not None and name == self.default_signature:
            raise error
        version, kind = f"{self._path.parent.name} version {self._path.name}", type(error).__name__
        log.warning("%s: signature '%s' is served without a warm-up; its last try ended in %s", version, name, kind)

    def _list_examples(self, signature: str) -> Iterator[Mapping[str, NDArray]]:
        examples = chain.from_iterable(program.read_examples() for program in self._programs)
        return (inputs for name, inputs in examples if (name or self.default_signature) == signature)

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Of the default signature."""
        return self.signatures[self.default_signature].inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Of the default signature."""
        return self.signatures[self.default_signature].outputs

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of rows that a batch of the default signature may have."""
        return self.signatures[self.default_signature].sizes

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        """As `LoadedSignature.run` of the default signature."""
        return self.signatures[self.default_signature].run(inputs)

    def unload(self) -> None:
        for program in self._programs:
            program.close()
