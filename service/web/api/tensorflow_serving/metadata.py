"""The signatures of a version, as TensorFlow Serving writes them: protobuf's JSON, with 64-bit integers as texts."""

from collections.abc import Sequence

from service.catalog import Signature, TensorSpec, Version
from service.web.api.tensorflow_serving.labels import with_known_label
from service.web.dataplane import with_version
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response

_DTYPES = {"float16": "DT_HALF", "float32": "DT_FLOAT", "float64": "DT_DOUBLE"}


@with_known_label
def get_metadata(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, None, spec, _get_metadata)


def _get_metadata(_: Request, spec: ModelSpec, version: Version) -> Response:
    signatures = {name: _to_signature_def(signature) for name, signature in version.signatures.items()}
    body = {
        "model_spec": {"name": spec.name, "signature_name": "", "version": str(version.number)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }
    return json_response(body)


def _to_signature_def(signature: Signature) -> dict[str, object]:
    return {
        "inputs": _to_tensor_infos(signature.inputs),
        "outputs": _to_tensor_infos(signature.outputs),
        "method_name": signature.method_name,
    }


def _to_tensor_infos(specs: Sequence[TensorSpec]) -> dict[str, object]:
    return {
        spec.name: {
            "dtype": _DTYPES.get(spec.dtype, f"DT_{spec.dtype.upper()}"),
            "tensor_shape": {
                "dim": [{"size": str(size), "name": ""} for size in spec.shape or ()],
                "unknown_rank": spec.shape is None,
            },
            "name": spec.tensor_name,
        }
        for spec in specs
    }
