"""Reads the signatures in a `saved_model.pb` without TensorFlow."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from service.engine.message_class import make_message_class
from service.engine.model_folder import GRAPH
from service.errors import BadRequest

_SERVING = {"serve"}  # the tags of the graph that is served, as TensorFlow Serving looks for them

# the few fields that are read of tensorflow/core/protobuf/{saved_model,meta_graph}.proto and
# tensorflow/core/framework/tensor_shape.proto; map entries are messages with a key and a value
_MESSAGES = """
name: "inkpaw/saved_model.proto" package: "inkpaw.saved_model" syntax: "proto3"
message_type { name: "SavedModel"
  field { name: "meta_graphs" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "MetaGraphDef" } }
message_type { name: "MetaGraphDef"
  field { name: "meta_info_def" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "MetaInfoDef" }
  field { name: "signature_def" number: 5 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "SignatureEntry" } }
message_type { name: "MetaInfoDef"
  field { name: "tags" number: 4 label: LABEL_REPEATED type: TYPE_STRING } }
message_type { name: "SignatureEntry"
  field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "SignatureDef" } }
message_type { name: "SignatureDef"
  field { name: "inputs" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "InputsEntry" }
  field { name: "outputs" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "OutputsEntry" }
  field { name: "method_name" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING }
  nested_type { name: "InputsEntry" options { map_entry: true }
    field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "TensorInfo" } }
  nested_type { name: "OutputsEntry" options { map_entry: true }
    field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "TensorInfo" } } }
message_type { name: "TensorInfo" oneof_decl { name: "encoding" }
  field { name: "name" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING oneof_index: 0 }
  field { name: "coo_sparse" number: 4 label: LABEL_OPTIONAL type: TYPE_BYTES oneof_index: 0 }
  field { name: "composite_tensor" number: 5 label: LABEL_OPTIONAL type: TYPE_BYTES oneof_index: 0 }
  field { name: "dtype" number: 2 label: LABEL_OPTIONAL type: TYPE_INT32 }
  field { name: "tensor_shape" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: "TensorShapeProto" } }
message_type { name: "TensorShapeProto"
  field { name: "dim" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "Dim" }
  field { name: "unknown_rank" number: 3 label: LABEL_OPTIONAL type: TYPE_BOOL } }
message_type { name: "Dim"
  field { name: "size" number: 1 label: LABEL_OPTIONAL type: TYPE_INT64 } }
"""


def read_signature_defs(version_dir: Path) -> Mapping[str, Any]:
    """TensorFlow's SignatureDef by name, of the graph that is served. Raises OSError, and BadRequest without one."""
    try:
        saved_model = _get_class().FromString((version_dir / GRAPH).read_bytes())
    except DecodeError:
        raise BadRequest(f"{GRAPH} is no SavedModel.") from None
    for graph in saved_model.meta_graphs:
        if set(graph.meta_info_def.tags) == _SERVING:
            return {entry.key: entry.value for entry in graph.signature_def}
    raise BadRequest("The SavedModel has no graph with the tag 'serve'.")


@cache
def _get_class() -> Any:
    return make_message_class(_MESSAGES, "inkpaw.saved_model.SavedModel")
