"""`POST /v1/models/<name>:predict`: rows or columns of tensors in, the same form out."""

from numpy.typing import NDArray

from service.catalog import Signature, TensorSpec, Version
from service.web.api.tensorflow_serving.labels import with_known_label
from service.web.api.tensorflow_serving.predict_request import holds_objects, read_predict_request
from service.web.api.tensorflow_serving.predict_response import write_columns, write_rows
from service.web.codecs import strings
from service.web.codecs.json_shapes import hide_texts, infer_shape
from service.web.codecs.json_tensors import from_json
from service.web.codecs.tensors import name_datatype
from service.web.dataplane import with_version
from service.web.inputs import check_json_size, check_rows, decode_images, run_signature, takes_images
from service.web.request import ModelSpec, Request
from service.web.response import Response


@with_known_label
def predict(request: Request, spec: ModelSpec) -> Response:
    return with_version(request, None, spec, _predict)


def _predict(request: Request, spec: ModelSpec, version: Version) -> Response:
    body = request.body()
    check_json_size(request, version, body)
    predict_request = read_predict_request(body)
    signature = version.get_signature(predict_request.signature_name)
    columns = predict_request.split_columns([tensor.name for tensor in signature.inputs])
    inputs = {
        tensor.name: _to_array(request, version, signature, tensor, columns[tensor.name]) for tensor in signature.inputs
    }
    outputs = run_signature(request, spec.name, version, inputs, predict_request.signature_name)
    return write_rows(outputs) if predict_request.in_rows else write_columns(outputs)


def _to_array(request: Request, version: Version, signature: Signature, spec: TensorSpec, data: bytes) -> NDArray:
    """The tensor of an input: numbers, strings, or images as `{"b64": ...}` where numbers are what the net takes."""
    encoded = holds_objects(data) and takes_images(version, spec)
    if encoded or spec.dtype == "string":
        shape = infer_shape(spec.name, hide_texts(spec.name, data))
        check_rows(request, signature, shape)
        elements = strings.from_json(spec.name, shape, data, strings.TEXTS_OR_OBJECTS)
        return decode_images(request, version, spec, elements) if encoded else elements
    shape = infer_shape(spec.name, data)
    check_rows(request, signature, shape)
    return from_json(spec.name, name_datatype(spec.dtype), shape, data)
