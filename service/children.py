"""The processes that the master keeps beside its workers: what starts them, and how one that hangs is noticed."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import Counter

from service import heartbeat, metrics
from service.hardware import make_environment
from service.settings import Settings


@dataclass(frozen=True)
class Child:
    """`title` is for the log. The process writes its heartbeat to a file; `stall_seconds` is the longest that one of
    its batches may run. `hangs` counts those that were killed, by reason. `socket` is what a killed one leaves behind.
    """

    title: str
    module: str
    arguments: tuple[str, ...]
    heartbeat: Path
    hangs: Counter
    stall_seconds: float
    environment: Mapping[str, str] = field(default_factory=dict)
    socket: Path | None = None

    @property
    def command(self) -> list[str]:
        """Its last argument is the parent, with which it ends."""
        return [sys.executable, "-m", self.module, *self.arguments, str(os.getpid())]


def make_engine(index: int, device: str, engine_socket: Path, stall_seconds: float) -> Child:
    return Child(
        title="engine",
        module="service.engine",
        arguments=(str(index),),
        heartbeat=heartbeat.get_path(engine_socket),
        hangs=metrics.ENGINE_HANGS,
        stall_seconds=stall_seconds,
        environment=make_environment(device),
        socket=engine_socket,
    )


def make_grpc_server(address: str, settings: Settings) -> Child:
    return Child(
        title="gRPC process",
        module="service.rpc",
        arguments=(address,),
        heartbeat=settings.grpc_heartbeat,
        hangs=metrics.GRPC_HANGS,
        stall_seconds=settings.stall_seconds,
    )
