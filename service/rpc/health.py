"""gRPC's own health service, for the server and for each model."""

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio

from service.errors import InkpawError
from service.web.api.open_inference.rpc.routes import SERVICE
from service.web.context import Context
from service.web.health import check_ready

NAME: str = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_Status = health_pb2.HealthCheckResponse


def read_health(context: Context) -> dict[str, bool]:
    """Whether each service is there for requests: the server, by the empty name and by its own, and every model."""
    try:
        check_ready(context)
        is_ready = True
    except InkpawError:
        is_ready = False
    try:
        models = context.engines.catalog().models
    except InkpawError:
        models = {}
    is_draining = context.settings.draining_mark.exists()
    answering = {name: model.default is not None and not is_draining for name, model in models.items()}
    return answering | {"": is_ready, SERVICE: is_ready}


class Health(aio.HealthServicer):  # type: ignore[misc]
    """Knows nothing until the first `update`."""

    def __init__(self) -> None:
        super().__init__()
        self._names = {""}

    async def update(self, health: dict[str, bool]) -> None:
        """A service that is missing does not serve any more."""
        for name in self._names - health.keys():
            await self.set(name, _Status.NOT_SERVING)
        for name, is_serving in health.items():
            await self.set(name, _Status.SERVING if is_serving else _Status.NOT_SERVING)
        self._names |= health.keys()
