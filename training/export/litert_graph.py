"""Rewrites a signature's frozen graph into what LiteRT can run: no unsigned 64-bit numbers, and known sizes."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from service.litert.noise import CHOICE_BITS, UNIFORM_BITS
from training.export.frozen_graph import FrozenGraph, select_between
from training.export.signatures import Signature

_KINDS = {2: UNIFORM_BITS, 1: CHOICE_BITS}  # by number of dimensions
_PROBES = (3, 5)  # numbers of rows


def adapt(graph: FrozenGraph) -> Signature:
    """The same function. Random bits are inputs of it, as in service.litert.noise, in place of what they come from."""
    bits = _find_random_bits(graph)
    cut = list(bits.values())
    needed = select_between(cut, list(graph.outputs.values()))
    only_for_bits = select_between([], cut) - needed
    plain = {name: tensor for name, tensor in graph.inputs.items() if tensor.op.name not in only_for_bits}
    inputs = plain | bits
    graph_def = graph.function.graph.as_graph_def()
    _replace_arc_cosines(graph_def)
    _fix_shapes(graph_def, list(inputs.values()))

    def run(**values: tf.Tensor) -> dict[str, tf.Tensor]:
        feeds = {tensor.name: values[name] for name, tensor in inputs.items()}
        outputs = _import(graph_def, feeds, [tensor.name for tensor in graph.outputs.values()])
        return {name: tf.identity(output, name) for name, output in zip(graph.outputs, outputs, strict=True)}

    specs = {name: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype, name) for name, tensor in inputs.items()}
    return Signature(run, specs)


def _find_random_bits(graph: FrozenGraph) -> dict[str, tf.Tensor]:
    """Where unsigned 64-bit numbers that come from one input end, by the name of the form's input."""
    found = {}
    for operation in graph.operations:
        if operation.type == "Cast" and operation.inputs[0].dtype == tf.uint64:
            made_from = select_between([], [operation.outputs[0]])
            sources = [name for name, tensor in graph.inputs.items() if tensor.op.name in made_from]
            kind = _KINDS.get(operation.outputs[0].shape.rank)
            if len(sources) == 1 and kind is not None:
                found[f"{sources[0]}__{kind}"] = operation.outputs[0]
    return found


def _replace_arc_cosines(graph_def: tf.compat.v1.GraphDef) -> None:
    """LiteRT has the arc tangent alone: acos(x) is the angle of the point (x, sqrt(1 - x * x))."""
    for node in [node for node in graph_def.node if node.op == "Acos"]:
        dtype, cosine = node.attr["T"].type, node.input[0]

        def add(op: str, *inputs: str, dtype: int = dtype, prefix: str = node.name) -> str:
            added = graph_def.node.add(op=op, name=f"{prefix}/{op}", input=inputs)
            added.attr["T"].type = dtype
            return str(added.name)

        one = graph_def.node.add(op="Const", name=f"{node.name}/one")
        one.attr["dtype"].type = dtype
        one.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1.0, tf.as_dtype(dtype)))
        node.op = "Atan2"
        node.input[:] = [add("Sqrt", add("Relu", add("Sub", one.name, add("Mul", cosine, cosine)))), cosine]


def _fix_shapes(graph_def: tf.compat.v1.GraphDef, inputs: list[tf.Tensor]) -> None:
    """Puts constants in place of shapes that the graph computes from its inputs' and that hang on the rows alone.

    LiteRT could not hand such parts to XNNPACK, and its converter needs to know the sides of an image.
    """
    few, many = (_infer_shapes(graph_def, inputs, rows) for rows in _PROBES)
    for node in [node for node in graph_def.node if node.op == "Reshape"]:
        sizes = _compare(few(node.name), many(node.name))
        if sizes is not None:
            constant = graph_def.node.add(op="Const", name=f"{node.name}/known_shape")
            constant.attr["dtype"].type = tf.int32.as_datatype_enum
            constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.array(sizes, np.int32)))
            node.input[1] = constant.name
            node.attr["Tshape"].type = tf.int32.as_datatype_enum


def _infer_shapes(
    graph_def: tf.compat.v1.GraphDef, inputs: list[tf.Tensor], rows: int
) -> Callable[[str], tf.TensorShape]:
    """The shape of an operation's output, by its name, for so many rows of the inputs."""
    with tf.Graph().as_default() as graph:
        feeds = {tensor.name: tf.compat.v1.placeholder(tensor.dtype, [rows, *tensor.shape[1:]]) for tensor in inputs}
        _import(graph_def, feeds, [])
    return lambda name: graph.get_tensor_by_name(f"{name}:0").shape


def _compare(few: tf.TensorShape, many: tf.TensorShape) -> list[int] | None:
    """The sizes, with -1 for one that hangs on the rows; None if more do, or if a size is unknown."""
    if not (few.is_fully_defined() and many.is_fully_defined()):
        return None
    sizes = [size if size == other else -1 for size, other in zip(few, many, strict=True)]
    return sizes if sizes.count(-1) <= 1 else None


def _import(graph_def: tf.compat.v1.GraphDef, feeds: dict[str, tf.Tensor], outputs: list[str]) -> list[tf.Tensor]:
    return list(tf.graph_util.import_graph_def(graph_def, feeds, outputs, name="") or [])
