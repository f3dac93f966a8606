"""The gRPC server in this process, with its two loops in threads of their own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from service.rpc.greenlets import GreenletLoop
from service.rpc.health import read_health
from service.rpc.server import Server
from service.settings import Settings
from service.web.context import make_context


class GrpcServer:
    """Serves from `start` until `stop`, at `address`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._greenlets: GreenletLoop

    def run(self, work: Any) -> Any:
        """Await it in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def start(self) -> None:
        self.address = f"127.0.0.1:{self.run(self._start())}"

    async def _start(self) -> int:
        self._greenlets = GreenletLoop()
        self._greenlets.start()
        self.context = await self._greenlets.run(partial(make_context, self._settings))
        self.server = Server(self.context, self._greenlets)
        return await self.server.start("127.0.0.1:0")

    def update_health(self) -> None:
        async def update() -> None:
            await self.server.health.update(await self._greenlets.run(partial(read_health, self.context)))

        self.run(update())

    def stop(self, seconds: float = 5.0) -> None:
        self.run(self.server.stop(seconds))


@contextmanager
def run_grpc_server(settings: Settings) -> Iterator[GrpcServer]:
    server = GrpcServer(settings)
    server.start()
    yield server
    server.stop()
