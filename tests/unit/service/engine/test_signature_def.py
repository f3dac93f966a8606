"""Which signatures of a SavedModel are served, and whether with batching."""

import logging

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from service.catalog import TensorSpec
from service.engine.signature_def import choose_default, describe, select_signatures
from service.errors import BadRequest

Shape = tuple[int, ...] | None
ROWS = (-1,)


def define(shape: Shape = ROWS, dtype: tf.DType = tf.float32, output: Shape = ROWS) -> SignatureDef:
    definition = SignatureDef(method_name="tensorflow/serving/predict")
    for tensor, sizes in ((definition.inputs["x"], shape), (definition.outputs["y"], output)):
        tensor.name, tensor.dtype = "node:0", dtype.as_datatype_enum
        tensor.tensor_shape.unknown_rank = sizes is None
        for size in sizes or ():
            tensor.tensor_shape.dim.add(size=size)
    return definition


@pytest.mark.parametrize(
    ("shape", "output", "batched"),
    [
        ((-1,), (-1,), True),
        ((-1, 28, 28), (-1, 10), True),
        ((1, 3), (-1,), False),
        ((-1,), (10,), False),
        ((), (-1,), False),
        ((-1,), (), False),
        (None, (-1,), False),
        ((-1,), None, False),
    ],
)
def test_rows_are_where_every_tensor_has_an_open_first_size(shape: Shape, output: Shape, batched: bool) -> None:
    signature = describe(define(shape, output=output))
    assert signature.batched is batched
    assert signature.inputs == (TensorSpec("x", "float32", shape, "node:0"),)
    assert signature.method_name == "tensorflow/serving/predict"


def test_default_comes_first_and_internal_ones_are_left_out() -> None:
    definitions = {"a": define(), "serving_default": define(), "__saved_model_init_op": SignatureDef()}
    assert list(select_signatures(definitions)) == ["serving_default", "a"]


def test_number_of_signatures_is_bounded() -> None:
    definitions = {f"s{index:03}": define() for index in range(100)} | {"serving_default": define()}
    selected = select_signatures(definitions)
    assert (len(selected), next(iter(selected))) == (32, "serving_default")


def test_signature_that_cannot_be_served_is_left_out_with_a_line(caplog: pytest.LogCaptureFixture) -> None:
    sparse = define()
    sparse.inputs["x"].coo_sparse.values_tensor_name = "values"
    definitions = {"good": define(), "half": define(dtype=tf.bfloat16), "sparse": sparse, "void": SignatureDef()}
    with caplog.at_level(logging.WARNING):
        assert list(select_signatures(definitions)) == ["good"]
    (record,) = caplog.records
    for reason in ("'half' cannot be served: 'x' has the data type", "'x' is sparse", "'void' cannot be served"):
        assert reason in record.getMessage()


@pytest.mark.parametrize("definitions", [{}, {"void": SignatureDef()}], ids=["none", "without tensors"])
def test_savedmodel_without_a_signature_to_serve_is_refused(definitions: dict[str, SignatureDef]) -> None:
    with pytest.raises(BadRequest, match=r"(?i)signature"):
        select_signatures(definitions)


def test_default_is_serving_default_or_the_only_one() -> None:
    assert choose_default(dict.fromkeys(["a", "serving_default"])) == "serving_default"
    assert choose_default(dict.fromkeys(["a"])) == "a"
    assert choose_default(dict.fromkeys(["a", "b"])) == "serving_default"
