"""Waits for the gRPC process of a service."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support.server import Service
from tests.support.waiting import wait_until

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def read_status(address: str, name: str = "") -> int:
    """What the health service says; 0 if nobody answers."""
    with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            request = health_pb2.HealthCheckRequest(service=name)
            status: int = health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status
        except grpc.RpcError:
            return 0
    return status


def wait_for_grpc(service: Service) -> str:
    """The address, once the health service says SERVING."""
    wait_until(lambda: service.grpc_address, 60, "the gRPC process has an address")
    wait_until(lambda: read_status(service.grpc_address) == SERVING, 60, "it serves")
    return service.grpc_address
