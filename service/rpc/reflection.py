"""gRPC's reflection service, by which tools such as grpcurl learn the methods and their messages."""

from typing import Any

from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from service.rpc.health import NAME as HEALTH
from service.web.api.open_inference.rpc import inference_pb2
from service.web.api.open_inference.rpc.routes import SERVICE


def add_reflection(server: Any) -> None:
    """The protocol's messages have a pool of their own, so all that is shown is put into one."""
    pool = DescriptorPool()
    for module in (inference_pb2, health_pb2, reflection_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    reflection.enable_server_reflection((SERVICE, HEALTH, reflection.SERVICE_NAME), server, pool)
