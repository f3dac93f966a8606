"""The signatures of a servable, each cut out of one frozen graph, so that the weights are stored once."""

import re
from typing import NamedTuple

import tensorflow as tf

from training.export.frozen_graph import FrozenGraph, Function

SERVING_DEFAULT = "serving_default"
EXPLAIN = "explain"
WALK = "walk"
FEATURES = "features"  # the input of a classifier's last layer: a tensor inside the graph, not an output

_GENERATOR = re.compile(r"(^|/)generator(_\d+)*/")  # the scope of the net of training.nets.gan
_NEARLY_PARALLEL = 1e-3  # radians; below, a straight line is as good as an arc


class Signature(NamedTuple):
    function: Function
    specs: dict[str, tf.TensorSpec]


def list_signatures(graph: FrozenGraph) -> dict[str, Signature]:
    """`serving_default`, and `explain` or `walk` where the graph allows it."""
    if "seeds" in graph.inputs:
        return _list_of_generator(graph)
    pooling = _find_pooling(graph)
    return _list_of_classifier(graph, pooling) if pooling is not None else {SERVING_DEFAULT: _serve(graph)}


def _serve(graph: FrozenGraph) -> Signature:
    run = graph.cut(list(graph.inputs.values()), list(graph.outputs.values()))

    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return _name(graph, run(*(inputs[name] for name in graph.inputs)))

    return Signature(serve, graph.specs)


def _name(graph: FrozenGraph, values: list[tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: tf.identity(value, name) for name, value in zip(graph.outputs, values, strict=True)}


def _find_pooling(graph: FrozenGraph) -> tf.Operation | None:
    """What averages float32 [N,h,w,D] over the picture before a classifier's last layer; None if nothing does."""
    features = graph.find(FEATURES)
    operation = features.inputs[0].op if features is not None else None
    if operation is None or operation.type != "Mean" or operation.inputs[0].shape.rank != 4:
        return None
    return operation


def _list_of_classifier(graph: FrozenGraph, pooling: tf.Operation) -> dict[str, Signature]:
    """`explain`: `images` uint8 [N,H,W,C] -> `probabilities` float32 [N,K] and `maps` float32 [N,h,w,K].

    A map is what each place of the picture says for a class, more than for the classes on average: the last layer
    applied to the features there, in place of their average (class activation maps, Zhou et al. 2016). The layer is
    linear, so the softmax of the averages of the maps are the probabilities.
    """
    feature_map, pooled = pooling.inputs[0], pooling.outputs[0]
    run = graph.cut([graph.inputs["images"]], [*graph.outputs.values(), feature_map])
    height, width, channels = feature_map.shape[1:]
    logits = _find_softmax(graph.outputs["probabilities"].op).inputs[0]
    classify = graph.cut([pooled], [logits])

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return _name(graph, run(images)[:-1])

    def explain(images: tf.Tensor) -> dict[str, tf.Tensor]:
        *outputs, features = run(images)
        (evidence,) = classify(tf.reshape(features, [-1, channels]))
        evidence -= tf.reduce_mean(evidence, axis=1, keepdims=True)  # which the softmax does not see
        maps = tf.reshape(evidence, [-1, height, width, evidence.shape[1]])
        return {"probabilities": _name(graph, outputs)["probabilities"], "maps": maps}

    return {SERVING_DEFAULT: Signature(serve, graph.specs), EXPLAIN: Signature(explain, graph.specs)}


def _find_softmax(operation: tf.Operation) -> tf.Operation:
    """The softmax that an output is a copy of."""
    while operation.type != "Softmax":
        operation = operation.inputs[0].op
    return operation


def _list_of_generator(graph: FrozenGraph) -> dict[str, Signature]:
    """`walk`: `seeds_from` and `seeds_to` int64 [N], `position` float32 [N] in 0 to 1, `labels` int32 [N], `truncation`
    float32 [N] -> `images` uint8 [N,H,W,C].

    The noise turns from one seed's to the other's (spherical interpolation, White 2016), so that on the way it is as
    long as that of any seed. At 0 and 1 it is exactly theirs. A label of -1 is that of the nearer seed.
    """
    noise, label = _find_net_inputs(graph)
    prepare = graph.cut([graph.inputs[name] for name in ("seeds", "labels", "truncation")], [noise, label])
    draw = graph.cut([noise, label], list(graph.outputs.values()))

    def serve(seeds: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        return _name(graph, draw(*prepare(seeds, labels, truncation)))

    def walk(
        seeds_from: tf.Tensor, seeds_to: tf.Tensor, position: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        start, start_label = prepare(seeds_from, labels, truncation)
        end, end_label = prepare(seeds_to, labels, truncation)
        chosen = tf.where(position < 0.5, start_label, end_label)
        return _name(graph, draw(interpolate_noise(start, end, position), chosen))

    specs = graph.specs
    walk_specs = {
        "seeds_from": tf.TensorSpec([None], tf.int64, "seeds_from"),
        "seeds_to": tf.TensorSpec([None], tf.int64, "seeds_to"),
        "position": tf.TensorSpec([None], tf.float32, "position"),
        "labels": specs["labels"],
        "truncation": specs["truncation"],
    }
    return {SERVING_DEFAULT: Signature(serve, specs), WALK: Signature(walk, walk_specs)}


def _find_net_inputs(graph: FrozenGraph) -> tuple[tf.Tensor, tf.Tensor]:
    """(noise float32 [N,latent], label int32 [N]) as the generator's net takes them."""
    entries = {tensor.dtype: tensor for tensor in graph.list_entries(_GENERATOR)}
    return entries[tf.float32], entries[tf.int32]


def interpolate_noise(start: tf.Tensor, end: tf.Tensor, position: tf.Tensor) -> tf.Tensor:
    """float32 [N,D] on the arc from `start` to `end` [N,D]; `position` [N] is 0 at the start and 1 at the end."""
    lengths = tf.norm(start, axis=1) * tf.norm(end, axis=1)
    cosine = tf.math.divide_no_nan(tf.reduce_sum(start * end, axis=1), lengths)
    angle = tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    is_line = angle < _NEARLY_PARALLEL
    sine = tf.where(is_line, 1.0, tf.sin(angle))
    start_share = tf.where(is_line, 1.0 - position, tf.sin((1.0 - position) * angle) / sine)
    end_share = tf.where(is_line, position, tf.sin(position * angle) / sine)
    return start_share[:, None] * start + end_share[:, None] * end
