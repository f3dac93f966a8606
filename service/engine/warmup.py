"""Examples to warm a version with: TensorFlow Serving's `assets.extra/tf_serving_warmup_requests`.

That is a TFRecord file of PredictionLog messages. Those with a PredictRequest count; others are passed over.
"""

import logging
import math
import struct
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import tensorflow as tf
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from service.engine.message_class import make_message_class

log = logging.getLogger(__name__)

WARMUP_PATH = Path("assets.extra") / "tf_serving_warmup_requests"  # within a version's folder

_MAX_RECORDS = 1000  # as TensorFlow Serving
_MAX_RECORD = 64 << 20  # bytes
_MAX_ELEMENTS = 1 << 24  # of a tensor: the message may say that one value fills a large one

_HEADER = struct.Struct("<QI")  # length, checksum of the length
_FOOTER = 4  # bytes: checksum of the data

# the few fields that are read of tensorflow_serving/apis/{prediction_log,predict,model}.proto
_MESSAGES = """
name: "inkpaw/warmup.proto" package: "inkpaw.warmup" syntax: "proto3"
dependency: "tensorflow/core/framework/tensor.proto"
message_type { name: "PredictionLog"
  field { name: "predict_log" number: 6 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "PredictLog" } }
message_type { name: "PredictLog"
  field { name: "request" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "PredictRequest" } }
message_type { name: "PredictRequest"
  field { name: "model_spec" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "ModelSpec" }
  field { name: "inputs" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Input" } }
message_type { name: "ModelSpec"
  field { name: "signature_name" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING } }
message_type { name: "Input"
  field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tensorflow.TensorProto" } }
"""


def read_examples(version_dir: Path) -> Iterator[tuple[str, dict[str, NDArray]]]:
    """The name of a signature, empty for the default one, and its inputs. A broken file ends with a line in the log."""
    path = version_dir / WARMUP_PATH
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            for record in islice(_read_records(file), _MAX_RECORDS):
                request = prediction_log().FromString(record).predict_log.request
                if request.inputs:
                    inputs = {entry.key: _to_array(entry.value) for entry in request.inputs}
                    yield request.model_spec.signature_name, inputs
    except (OSError, ValueError, TypeError, DecodeError) as error:
        log.warning("%s cannot be read to its end: %s", path, error)


def _read_records(file: BinaryIO) -> Iterator[bytes]:
    """The records of a TFRecord file. Their checksums are not read: damage shows when the example runs."""
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise ValueError("its last record is cut short")
        length, _ = _HEADER.unpack(header)
        if length > _MAX_RECORD:
            raise ValueError(f"a record of {length} bytes is over the limit of {_MAX_RECORD}")
        record = file.read(length)
        if len(record) < length:
            raise ValueError("its last record is cut short")
        yield record
        file.read(_FOOTER)


def _to_array(tensor: Any) -> NDArray:
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    if min(sizes, default=0) < 0 or math.prod(sizes) > _MAX_ELEMENTS:
        raise ValueError(f"a tensor has the shape {sizes}")
    array: NDArray = tf.make_ndarray(tensor)
    return array


@cache
def prediction_log() -> Any:
    """The class of the message PredictionLog."""
    return make_message_class(_MESSAGES, "inkpaw.warmup.PredictionLog", descriptor_pool.Default())  # knows TensorProto
