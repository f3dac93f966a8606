"""A SavedModel in memory: its signatures, warmed and ready to run."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from service.catalog import TensorSpec
from service.engine.batch_sizes import list_batch_sizes
from service.engine.signature import LoadedSignature
from service.engine.signature_def import choose_default, describe, select_signatures
from service.engine.warmup import read_examples
from service.errors import BadRequest
from service.manifest import read_manifest

log = logging.getLogger(__name__)


def make_session_config(mixed: bool) -> tf.compat.v1.ConfigProto:
    """A run uses only the thread that calls it; GPU memory is taken as it is needed, not all at once.

    With `mixed`, convolutions and matrix products take bfloat16 and sum in float32.
    """
    rewriting = RewriterConfig(auto_mixed_precision_onednn_bfloat16=RewriterConfig.ON if mixed else RewriterConfig.OFF)
    return tf.compat.v1.ConfigProto(
        graph_options=tf.compat.v1.GraphOptions(rewrite_options=rewriting),
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=-1,
        allow_soft_placement=True,
        gpu_options=tf.compat.v1.GPUOptions(allow_growth=True),
    )


class Servable:
    """One version of a model, loaded, with its `signatures` by name.

    With `mixed` a classifier with a manifest multiplies in bfloat16. A generator never does: one seed must be one image
    on every machine.

    Raises ManifestError for a broken servable.json, BadRequest for a SavedModel without a signature that can be served,
    and whatever TensorFlow raises for one that is broken.
    """

    def __init__(self, path: Path, max_batch_size: int, mixed: bool = False) -> None:
        started = time.monotonic()
        self.manifest = read_manifest(path)
        mixed = mixed and self.manifest is not None and self.manifest.kind == "classifier"
        self._path = path
        self._graph = tf.Graph()
        with self._graph.as_default():
            self._session = tf.compat.v1.Session(config=make_session_config(mixed))
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], os.fspath(path))
        sizes = list_batch_sizes(max_batch_size)
        definitions = select_signatures(meta.signature_def)
        self.signatures = {name: self._load(definition, sizes) for name, definition in definitions.items()}
        self.default_signature = choose_default(self.signatures)
        if self.manifest is not None and self.default_signature not in self.signatures:
            raise BadRequest(f"The SavedModel has a servable.json, but no signature '{self.default_signature}'.")
        for name, signature in self.signatures.items():
            self._warm_up(name, signature)
        self.load_seconds = time.monotonic() - started

    def _load(self, definition: SignatureDef, sizes: tuple[int, ...]) -> LoadedSignature:
        signature = describe(definition)
        # a call of a session's callable costs a third less than a call of the signature's function
        call = self._session.make_callable(
            [definition.outputs[spec.name].name for spec in signature.outputs],
            [definition.inputs[spec.name].name for spec in signature.inputs],
        )
        return LoadedSignature(signature, call, sizes)

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
        examples = read_examples(self._path)
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
        self._session.close()
