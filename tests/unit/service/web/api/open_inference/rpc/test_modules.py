"""The messages are those of the .proto file, and those of the public protocol as tritonclient has them."""

from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from tritonclient.grpc import service_pb2

from service.web.api.open_inference.rpc import inference_pb2
from tests.support.protoc import PROTO, make_modules

MESSAGES: dict[str, Descriptor] = dict(inference_pb2.DESCRIPTOR.message_types_by_name)


@pytest.mark.parametrize("name", ["inference_pb2.py", "inference_pb2.pyi"])
def test_modules_are_those_of_the_proto_file(name: str) -> None:
    assert (PROTO.parent / name).read_text() == make_modules()[name], "run make proto"


def list_fields(message: Descriptor) -> dict[str, Any]:
    """All that decides how a message is written, nested messages included."""
    fields: dict[str, Any] = {
        field.name: (
            field.number,
            field.type,
            field.is_repeated,
            field.is_packed,
            field.message_type and field.message_type.full_name,
            field.containing_oneof and field.containing_oneof.name,
        )
        for field in message.fields
    }
    return fields | {nested.full_name: list_fields(nested) for nested in message.nested_types}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_are_those_of_the_public_protocol(name: str) -> None:
    public = service_pb2.DESCRIPTOR.message_types_by_name[name]
    assert (MESSAGES[name].full_name, list_fields(MESSAGES[name])) == (public.full_name, list_fields(public))


def test_methods_are_those_of_the_public_protocol() -> None:
    (service,) = inference_pb2.DESCRIPTOR.services_by_name.values()
    public = service_pb2.DESCRIPTOR.services_by_name[service.name]
    assert service.full_name == public.full_name
    for method in service.methods:
        other = public.methods_by_name[method.name]
        assert (method.input_type.full_name, method.output_type.full_name) == (
            other.input_type.full_name,
            other.output_type.full_name,
        )
