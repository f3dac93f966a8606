"""Makes classes of Protobuf messages without generated code, with the few fields that are read."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format


def make_message_class(messages: str, name: str, pool: descriptor_pool.DescriptorPool | None = None) -> Any:
    """The class of the message with that full name; `messages` is the text of a FileDescriptorProto.

    `pool` knows what the file depends on.
    """
    pool = pool or descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(messages, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
