"""The process that speaks gRPC: serves, gives signs of life, and stops when its supervisor asks for it."""

import asyncio
import logging
import signal
from functools import partial

from service import metrics, settings
from service.heartbeat import INTERVAL, Heartbeat
from service.logs import configure_logging
from service.rpc.greenlets import GreenletLoop
from service.rpc.health import read_health
from service.rpc.server import Server
from service.settings import Settings
from service.web.context import Context, make_context
from service.web.memory import return_large_blocks

log = logging.getLogger(__name__)


def main(address: str) -> None:
    config = settings.load()
    configure_logging(config.log_format, config.log_level, "grpc")
    return_large_blocks()
    metrics.GRPC_STARTS.inc()
    asyncio.run(_serve(address, config))


async def _serve(address: str, config: Settings) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stopping.set)  # the supervisor's stop signal
    greenlets = GreenletLoop()
    greenlets.start()
    context = await greenlets.run(partial(make_context, config))
    server = Server(context, greenlets)
    await server.health.update(await greenlets.run(partial(read_health, context)))  # or it would serve at first
    await server.start(address)
    log.info("gRPC is at %s", address)
    watch = asyncio.create_task(_watch(server, context, greenlets))
    await stopping.wait()
    await server.stop(config.grace_seconds)
    watch.cancel()


async def _watch(server: Server, context: Context, greenlets: GreenletLoop) -> None:
    """Renews what the health service says, and gives a sign of life of both loops, twice a second."""
    pulse = Heartbeat(context.settings.grpc_heartbeat)
    while True:
        try:
            await server.health.update(await greenlets.run(partial(read_health, context)))
        except Exception:
            log.exception("The health of the service could not be read")
        pulse.beat(0.0)
        metrics.IN_FLIGHT.set(server.admission.in_flight)
        metrics.IN_FLIGHT_LIMIT.set(server.admission.limit)
        await asyncio.sleep(INTERVAL)
