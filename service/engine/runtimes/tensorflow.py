"""TensorFlow: runs any SavedModel, on a CPU and on a GPU. Whoever imports this module imports TensorFlow."""

import logging
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from service.engine.batch_sizes import select_batch_sizes
from service.engine.runtimes.program import Call, TimeRun
from service.engine.signature_def import describe, select_signatures
from service.engine.warmup import read_examples


def configure() -> None:
    """Whatever first touches TensorFlow's devices sets their threads and memory for the whole process, and it need not
    be a session with a configuration of its own: see make_session_config, which wants the same."""
    tf.get_logger().setLevel(logging.ERROR)  # it warns about the loader that is used, which is the quickest
    tf.config.threading.set_intra_op_parallelism_threads(1)
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def has_gpu() -> bool:
    return bool(tf.config.list_physical_devices("GPU"))


def measure_gpu_memory() -> dict[str, int]:
    """Bytes in use by device."""
    gpus = [gpu.name for gpu in tf.config.list_logical_devices("GPU")]
    return {name: tf.config.experimental.get_memory_info(name.removeprefix("/device:"))["current"] for name in gpus}


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


class TensorFlowProgram:
    """A session with the SavedModel's graph."""

    runtime = "tensorflow"

    def __init__(self, version_dir: Path, mixed: bool = False, without: Collection[str] = ()) -> None:
        """Leaves out the signatures `without`.

        Raises BadRequest for a SavedModel without a signature that can be served, and whatever TensorFlow raises for
        one that is broken.
        """
        self._version_dir = version_dir
        graph = tf.Graph()
        with graph.as_default():
            self._session = tf.compat.v1.Session(config=make_session_config(mixed))
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], os.fspath(version_dir))
        definitions = select_signatures(meta.signature_def)
        self._definitions: dict[str, SignatureDef] = {
            name: definition for name, definition in definitions.items() if name not in without
        }
        self.signatures = {name: describe(definition) for name, definition in self._definitions.items()}

    def get_call(self, name: str) -> Call:
        definition, signature = self._definitions[name], self.signatures[name]
        # a call of a session's callable costs a third less than a call of the signature's function
        call: Call = self._session.make_callable(
            [definition.outputs[spec.name].name for spec in signature.outputs],
            [definition.inputs[spec.name].name for spec in signature.inputs],
        )
        return call

    def select_sizes(self, name: str, sizes: tuple[int, ...], time_run: TimeRun) -> tuple[int, ...]:
        return select_batch_sizes({size: time_run(size) for size in sizes})

    def read_examples(self) -> Iterator[tuple[str, dict[str, NDArray]]]:
        return read_examples(self._version_dir)

    def is_invalid_input(self, error: Exception) -> bool:
        return isinstance(error, tf.errors.InvalidArgumentError)

    def is_out_of_memory(self, error: Exception) -> bool:
        return isinstance(error, tf.errors.ResourceExhaustedError)

    def close(self) -> None:
        self._session.close()
