"""`ModelInfer` by tritonclient and by hand: every datatype, raw and in `contents`, and the table of wrong requests."""

import logging
from typing import Any

import grpc
import numpy as np
import pytest
from prometheus_client import REGISTRY
from tritonclient import grpc as triton
from tritonclient.grpc import service_pb2

from tests.support.pictures import make_png
from tests.unit.service.rpc.conftest import DATATYPES, SERVICE, Infer, fail, make_request

Code = grpc.StatusCode
Request = service_pb2.ModelInferRequest


def make_input(name: str, datatype: str, array: Any) -> triton.InferInput:
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array)
    return tensor


def assert_same(actual: Any, expected: Any) -> None:
    assert np.array_equal(actual, expected, equal_nan=expected.dtype.kind == "f")


@pytest.mark.parametrize("datatype", DATATYPES)
def test_datatype_passes_raw(client: triton.InferenceServerClient, datatype: str) -> None:
    dtype, _, rows = DATATYPES[datatype]
    array = np.array(rows, dtype)
    result = client.infer(datatype, [make_input("x", datatype, array)], request_id="r1", model_version="1")
    assert_same(result.as_numpy("x"), array)
    response = result.get_response()
    assert (response.id, response.model_name, response.model_version) == ("r1", datatype, "1")
    assert (response.outputs[0].datatype, list(response.outputs[0].shape)) == (datatype, [2, 2])


@pytest.mark.parametrize("datatype", [name for name in DATATYPES if name != "FP16"])
def test_datatype_passes_in_contents(infer: Infer, datatype: str) -> None:
    dtype, field, rows = DATATYPES[datatype]
    request = Request(model_name=datatype)
    tensor = request.inputs.add(name="x", datatype=datatype, shape=[2, 2])
    getattr(tensor.contents, field).extend(rows[0] + rows[1])
    response = infer(request)
    assert not response.raw_output_contents
    assert_same(np.array([*getattr(response.outputs[0].contents, field)], dtype).reshape(2, 2), np.array(rows, dtype))


@pytest.mark.parametrize("count", [1, 8])
def test_encoded_images_are_decoded(client: triton.InferenceServerClient, infer: Infer, count: int) -> None:
    images = [make_png(index) for index in range(count)]
    result = client.infer("echo", [make_input("images", "BYTES", np.array(images, object))])
    assert result.as_numpy("probabilities").argmax(axis=1).tolist() == list(range(count))
    request = Request(model_name="echo")
    request.inputs.add(name="images", datatype="BYTES", shape=[count]).contents.bytes_contents.extend(images)
    values = infer(request).outputs[0].contents.fp32_contents
    assert np.reshape(values, (count, 10)).argmax(axis=1).tolist() == list(range(count))


def test_outputs_are_chosen_by_name(client: triton.InferenceServerClient) -> None:
    outputs = [triton.InferRequestedOutput("probabilities")]
    images = make_input("images", "UINT8", np.zeros((2, 28, 28, 1), np.uint8))
    assert len(client.infer("wary", [images]).get_response().outputs) == 2
    assert [output.name for output in client.infer("wary", [images], outputs=outputs).get_response().outputs] == [
        "probabilities"
    ]


def make_contents(field: str = "uint_contents", count: int = 784, value: Any = 0, **fields: Any) -> Any:
    request = make_request(**fields)
    del request.raw_input_contents[:]
    getattr(request.inputs[0].contents, field).extend([value] * count)
    return request


def change(request: Any, **changes: Any) -> Any:
    for name, value in changes.items():
        setattr(request, name, value)
    return request


def add_raw(request: Any, *blobs: bytes) -> Any:
    request.raw_input_contents.extend(blobs)
    return request


def add_output(request: Any, name: str, **parameters: int) -> Any:
    output = request.outputs.add(name=name)
    for key, value in parameters.items():
        output.parameters[key].int64_param = value
    return request


def add_parameter(request: Any, name: str, **value: Any) -> Any:
    request.parameters[name].MergeFrom(service_pb2.InferParameter(**value))
    return request


def replace_raw(blob: bytes, **fields: Any) -> Any:
    request = make_request(**fields)
    request.raw_input_contents[0] = blob
    return request


INVALID, NOT_FOUND = Code.INVALID_ARGUMENT, Code.NOT_FOUND
WRONG: dict[str, tuple[Any, Code, str]] = {
    "no bytes": (b"", NOT_FOUND, "There is no model ''."),
    "no protobuf": (b"\xff" * 99, INVALID, "not a ModelInferRequest"),
    "text that is not UTF-8": (b"\x0a\x02\xff\xfe", INVALID, "not a ModelInferRequest"),
    "unknown model": (make_request("unheard"), NOT_FOUND, "There is no model 'unheard'."),
    "unknown version": (change(make_request(), model_version="9"), NOT_FOUND, "no version 9"),
    "version in words": (change(make_request(), model_version="new"), NOT_FOUND, "no version new"),
    "version of 5000 digits": (change(make_request(), model_version="9" * 5000), NOT_FOUND, "no version 999"),
    "model that loads": (make_request("late"), Code.UNAVAILABLE, "no version that can answer now"),
    "no inputs": (Request(model_name="echo"), INVALID, "The request has no inputs."),
    "unknown input": (make_request(name="other"), INVALID, "The inputs must be images."),
    "input twice": (add_raw(Request.FromString(make_request().SerializeToString() * 2)), INVALID, "more than once"),
    "unknown output": (add_output(make_request(), "x"), INVALID, "There is no output 'x'. There are: probabilities."),
    "output twice": (
        add_output(add_output(make_request(), "probabilities"), "probabilities"),
        INVALID,
        "more than once",
    ),
    "classification": (add_output(make_request(), "probabilities", classification=3), INVALID, "not offered"),
    "parameter of another kind": (
        add_parameter(make_request(), "signature_name", int64_param=1),
        INVALID,
        "$.signature_name",
    ),
    "unknown signature": (
        add_parameter(make_request(), "signature_name", string_param="other"),
        INVALID,
        "There is no signature 'other'",
    ),
    "no contents": (make_contents(count=0), INVALID, "has 0 elements in uint_contents; [1, 28, 28, 1] are 784"),
    "ragged contents": (make_contents(count=785), INVALID, "has 785 elements"),
    "contents of another field": (make_contents("fp32_contents"), INVALID, "belongs in uint_contents"),
    "number out of range": (make_contents(value=256), INVALID, "out of its range"),
    "contents and raw": (add_raw(make_contents(), bytes(784)), INVALID, "send one of them"),
    "FP16 in contents": (make_contents("fp32_contents", datatype="FP16"), INVALID, "raw_input_contents only"),
    "unknown datatype": (make_request(datatype="UINT9"), INVALID, "There is no datatype 'UINT9'".lower()),
    "raw bytes cut short": (replace_raw(bytes(783)), INVALID, "UINT8 [1, 28, 28, 1] is 784 bytes; these are 783"),
    "raw bytes too many": (replace_raw(bytes(785)), INVALID, "these are 785"),
    "raw entry too many": (add_raw(make_request(), b""), INVALID, "raw_input_contents has 2 entries for 1 inputs."),
    "element longer than the blob": (replace_raw(b"\xff\xff\xff\xffab", datatype="BYTES", shape=[1]), INVALID, "cut"),
    "no image": (replace_raw(b"\x02\0\0\0hi", datatype="BYTES", shape=[1]), INVALID, "The image"),
    "no images": (replace_raw(b"", datatype="BYTES", shape=[0]), INVALID, "at least one"),
    "negative shape": (make_request(shape=[-1, 28, 28, 1]), INVALID, "a dimension must be from 0"),
    "huge shape": (make_request(shape=[1, 1 << 62, 1 << 62]), INVALID, "a dimension must be from 0"),
    "huge product": (make_request(shape=[1, *[1 << 31] * 30]), INVALID, "these are 784"),
    "many dimensions": (make_request(shape=[1] * 40_000), INVALID, "has 40000 dimensions"),
    "too many rows": (make_request(rows=9), INVALID, "The request has 9 rows; at most 8"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_request_gets_its_code_and_the_sentence_of_rest(infer: Infer, case: str) -> None:
    request, code, sentence = WRONG[case]
    actual, details, metadata = fail(lambda: infer(request))
    assert (actual, sentence.lower() in details.lower()) == (code, True), (actual, details)
    assert metadata["x-request-id"]


def test_message_over_the_limit_is_refused(infer: Infer) -> None:
    code, details, _ = fail(lambda: infer(bytes((1 << 20) + 1)))
    assert (code, "larger than max" in details) == (Code.RESOURCE_EXHAUSTED, True)


def test_compressed_message_is_bounded_by_what_it_unpacks_to(infer: Infer) -> None:
    gzip = grpc.Compression.Gzip
    assert len(infer(make_request(rows=8), compression=gzip).outputs) == 1
    code, _, _ = fail(lambda: infer(replace_raw(bytes(64 << 20)), compression=gzip))
    assert code is Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("field", [b"\x2a\x00", b"\x32\x00", b"\x3a\x00"])
def test_message_of_many_small_fields_is_refused_before_it_is_parsed(infer: Infer, field: bytes) -> None:
    body = Request(model_name="echo").SerializeToString() + field * (900_000 // len(field))
    code, details, _ = fail(lambda: infer(body))
    assert (code, "more than 69,632 fields" in details) == (INVALID, True)


def test_many_parameters_of_an_output_are_refused(infer: Infer) -> None:
    request = make_request()
    output = request.outputs.add(name="probabilities")
    for number in range(80_000):
        output.parameters[str(number)].Clear()
    code, details, _ = fail(lambda: infer(request))
    assert (code, "more than 69,632 fields" in details) == (INVALID, True)


def test_many_small_strings_in_contents_are_refused(infer: Infer) -> None:
    request = make_request(datatype="BYTES", shape=[400_000])
    del request.raw_input_contents[:]
    request.inputs[0].contents.bytes_contents.extend([b""] * 400_000)
    code, details, _ = fail(lambda: infer(request))
    assert (code, "fields" in details) == (INVALID, True)


@pytest.mark.parametrize("method", ["ModelConfig", "ModelStreamInfer", "RepositoryModelLoad", "Nothing"])
def test_methods_that_are_not_offered_are_told_in_words(channel: grpc.Channel, method: str) -> None:
    code, details, _ = fail(lambda: channel.unary_unary(f"/{SERVICE}/{method}")(b"", timeout=20))
    assert code is Code.UNIMPLEMENTED
    assert "ModelInfer, RepositoryIndex" in details


def test_call_without_a_message_is_refused(channel: grpc.Channel) -> None:
    code, details, _ = fail(lambda: channel.stream_unary(f"/{SERVICE}/ModelInfer")(iter([]), timeout=20))
    assert (code, details) == (INVALID, "The call has no message.")


def test_request_id_is_the_clients_own_and_the_call_is_counted_and_logged(
    infer: Infer, channel: grpc.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    labels = {"model": "echo", "version": "2", "protocol": "grpc", "status": "200"}
    before = REGISTRY.get_sample_value("inkpaw_requests_total", labels) or 0
    caplog.set_level(logging.INFO, "service.access")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    metadata = (("x-request-id", "mine"), ("traceparent", f"00-{trace}-00f067aa0ba902b7-01"))
    data = make_request().SerializeToString()
    _, call = channel.unary_unary(f"/{SERVICE}/ModelInfer").with_call(data, metadata=metadata)
    assert dict(call.trailing_metadata())["x-request-id"] == "mine"
    assert REGISTRY.get_sample_value("inkpaw_requests_total", labels) == before + 1
    (line,) = [vars(record) for record in caplog.records if vars(record).get("request_id") == "mine"]
    assert (line["path"], line["protocol"], line["model"]) == (f"/{SERVICE}/ModelInfer", "grpc", "echo")
    assert (line["trace_id"], line["bytes_in"]) == (trace, len(data))
