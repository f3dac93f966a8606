"""A function with its weights as constants, and functions that are cut out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

_INLINED = re.compile(r"^((Stateful)?PartitionedCall(_\d+)?/)+")

Function = Callable[..., dict[str, tf.Tensor]]
Cut = Callable[..., list[tf.Tensor]]


@dataclass(frozen=True)
class FrozenGraph:
    """`inputs` and `outputs` are tensors of its graph by their names in the signature."""

    function: tf.types.experimental.ConcreteFunction
    inputs: dict[str, tf.Tensor]
    outputs: dict[str, tf.Tensor]

    @property
    def specs(self) -> dict[str, tf.TensorSpec]:
        return {name: tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in self.inputs.items()}

    def cut(self, feeds: Sequence[tf.Tensor], fetches: Sequence[tf.Tensor]) -> Cut:
        """The function from some tensors of the graph to others, with nothing but what lies between them."""
        nodes = select_between(feeds, fetches)
        names = _shorten(nodes | {tensor.op.name for tensor in feeds})
        graph_def = _take_nodes(self.function.graph.as_graph_def(), nodes, names)
        given, wanted = ([_rename(tensor.name, names) for tensor in tensors] for tensors in (feeds, fetches))

        def call(*values: tf.Tensor) -> list[tf.Tensor]:
            inputs = dict(zip(given, values, strict=True))
            outputs: list[tf.Tensor] = tf.graph_util.import_graph_def(graph_def, inputs, wanted, name="")
            return outputs

        concrete = tf.function(call).get_concrete_function(*(tf.TensorSpec(feed.shape, feed.dtype) for feed in feeds))
        return lambda *values: list(concrete(*values))

    def find(self, name: str) -> tf.Operation | None:
        """The operation of that name, in whatever scope, None if there is none."""
        return next((op for op in self.operations if op.name.rpartition("/")[2] == name), None)

    @property
    def operations(self) -> list[tf.Operation]:
        operations: list[tf.Operation] = self.function.graph.get_operations()
        return operations

    def list_entries(self, scope: re.Pattern[str]) -> list[tf.Tensor]:
        """The tensors that enter the operations whose names the pattern finds, from others."""
        inside = [operation for operation in self.operations if scope.search(operation.name)]
        inputs = {tensor.name: tensor for operation in inside for tensor in operation.inputs}
        return [tensor for tensor in inputs.values() if not scope.search(tensor.op.name)]


def freeze(function: Function, specs: dict[str, tf.TensorSpec]) -> FrozenGraph:
    """Of a function with these inputs. Without variables, graph optimisers fold BatchNorm into convolutions."""
    return _freeze(tf.function(function).get_concrete_function(**specs))


def load_frozen(version_dir: Path, signature: str = "serving_default") -> FrozenGraph:
    """Of a published version's signature, its weights untouched."""
    return _freeze(tf.saved_model.load(str(version_dir)).signatures[signature])


def _freeze(concrete: tf.types.experimental.ConcreteFunction) -> FrozenGraph:
    names = sorted(concrete.structured_outputs)
    frozen = convert_variables_to_constants_v2(concrete)
    inputs = {tensor.name.partition(":")[0]: tensor for tensor in frozen.inputs}
    return FrozenGraph(frozen, inputs, dict(zip(names, frozen.outputs, strict=True)))


def select_between(feeds: Sequence[tf.Tensor], fetches: Sequence[tf.Tensor]) -> set[str]:
    """The names of the operations that make the fetches of the feeds."""
    given, names, waiting = {tensor.name for tensor in feeds}, set[str](), list(fetches)
    while waiting:
        tensor = waiting.pop()
        if tensor.name not in given and tensor.op.name not in names:
            names.add(tensor.op.name)
            waiting.extend(tensor.op.inputs)
    return names


def _take_nodes(full: tf.compat.v1.GraphDef, nodes: set[str], names: dict[str, str]) -> tf.compat.v1.GraphDef:
    """Those nodes of the graph, under their new names. Control inputs are left out: there is nothing with an effect."""
    taken = tf.compat.v1.GraphDef(versions=full.versions)
    for node in full.node:
        if node.name in nodes:
            copy = taken.node.add()
            copy.CopyFrom(node)
            copy.name = names[node.name]
            copy.ClearField("input")
            copy.input.extend(_rename(name, names) for name in node.input if not name.startswith("^"))
    return taken


def _shorten(names: set[str]) -> dict[str, str]:
    """Each name without the calls that its operation was inlined from, unless two would be the same."""
    short = {name: _INLINED.sub("", name) for name in names}
    return short if len(set(short.values())) == len(short) else {name: name for name in names}


def _rename(tensor_name: str, names: dict[str, str]) -> str:
    operation, colon, index = tensor_name.partition(":")
    return names[operation] + colon + index
