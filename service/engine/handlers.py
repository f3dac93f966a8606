"""What the engine does with each call: run rows, tell the catalog, tell how it is."""

from service import metrics
from service.engine.device import Device
from service.engine.repository import Repository
from service.engine.task import Arrays, Task, Timing
from service.errors import EngineDown, InkpawError, ModelNotFound, Unavailable
from service.ipc import wire
from service.ipc.connection import Connection


class Calls:
    """Answers calls from the socket's thread; replies to runs come from the device's thread."""

    def __init__(self, repository: Repository, device: Device) -> None:
        self._repository = repository
        self._device = device

    def handle(self, connection: Connection, number: int, call: wire.Call, body: memoryview) -> None:
        match call:
            case wire.RunCall():
                self._run(connection, number, call, body)
            case wire.CatalogCall():
                connection.send(wire.frame(number, wire.CatalogReply(self._repository.catalog)))
            case wire.CancelCall():
                connection.cancels.pop(number, _nothing)()
            case wire.StatusCall():
                connection.send(wire.frame(number, wire.StatusReply(self._device.busy_seconds)))

    def _why_not(self, call: wire.RunCall) -> InkpawError:
        """EngineDown while it may still come, or has just gone: the caller may ask another engine, or ask anew."""
        try:
            self._repository.catalog.resolve(call.model, call.version)
        except ModelNotFound as error:
            return error
        except Unavailable:
            pass
        return EngineDown(f"Model '{call.model}' version {call.version} is not loaded now.")

    def _run(self, connection: Connection, number: int, call: wire.RunCall, body: memoryview) -> None:
        key = call.model, call.version

        def done(outputs: Arrays, timing: Timing) -> None:
            connection.cancels.pop(number, None)
            head = wire.RunReply(self._repository.catalog.generation, wire.heads(outputs))
            connection.send(wire.frame(number, head, list(outputs.values())))
            metrics.of(metrics.QUEUE_SECONDS, call.model).observe(timing.queued)

        def failed(error: InkpawError) -> None:
            connection.cancels.pop(number, None)
            connection.send(
                wire.frame(number, wire.ErrorReply(self._repository.catalog.generation, error.code, error.message))
            )

        try:
            servable = self._device.servable(key)
            if servable is None:
                raise KeyError(key)
            inputs = wire.tensors(call.tensors, body)
            task = Task(inputs, servable.check(inputs), call.deadline, done, failed)
            connection.cancels[number] = task.cancel
            self._device.scheduler.submit(key, task)
        except KeyError:  # not loaded yet, or not any more
            failed(self._why_not(call))
        except InkpawError as error:
            failed(error)


def _nothing() -> None:
    """It has been answered meanwhile."""
