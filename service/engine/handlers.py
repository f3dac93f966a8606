"""What the engine does with each call: run rows, send the catalog, report its status."""

import time

from service import metrics
from service.engine.device import Device, QueueKey
from service.engine.repository import Repository
from service.engine.task import Arrays, Task
from service.errors import BadRequest, EngineDown, InkpawError, ModelNotFound, Unavailable
from service.ipc import wire
from service.ipc.connection import Connection


class CallHandler:
    """Called from the socket's thread; replies to runs come from the device's threads."""

    def __init__(self, repository: Repository, device: Device) -> None:
        self._repository = repository
        self._device = device

    def handle(self, connection: Connection, number: int, call: wire.Call, body: memoryview) -> None:
        match call:
            case wire.RunCall():
                self._run(connection, number, call, body)
            case wire.CatalogCall():
                connection.send(wire.make_frame(number, wire.CatalogReply(self._repository.catalog)))
            case wire.CancelCall():
                cancel = connection.cancels.pop(number, None)
                if cancel is not None:  # else it was replied to in the meantime
                    cancel()
            case wire.StatusCall():
                connection.send(wire.make_frame(number, wire.StatusReply(self._device.busy_seconds)))

    def _run(self, connection: Connection, number: int, call: wire.RunCall, body: memoryview) -> None:
        key: QueueKey = call.model, call.version
        if call.signature:
            key = call.model, call.version, call.signature

        def send_outputs(outputs: Arrays, queue_seconds: float) -> None:
            connection.cancels.pop(number, None)
            times = (task.arrived, task.started, time.monotonic()) if call.timed else None
            head = wire.RunReply(self._repository.catalog.generation, wire.make_heads(outputs), times)
            try:
                frame = wire.make_frame(number, head, list(outputs.values()))
            except ValueError as error:  # too large
                send_error(InkpawError(f"The answer cannot be sent. {error}"))
                return
            connection.send(frame)
            metrics.get(metrics.QUEUE_SECONDS, call.model).observe(queue_seconds)

        def send_error(error: InkpawError) -> None:
            connection.cancels.pop(number, None)
            reply = wire.ErrorReply(self._repository.catalog.generation, error.code, error.message)
            connection.send(wire.make_frame(number, reply))

        try:
            signature = self._device.get(key)
            if signature is None:
                raise KeyError(key)
            inputs = wire.read_tensors(call.tensors, body)
            task = Task(inputs, signature.check(inputs), call.deadline, send_outputs, send_error)
            connection.cancels[number] = task.cancel
            self._device.scheduler.submit(key, task)
        except KeyError:  # not loaded yet, or not any more
            send_error(self._explain_missing(call))
        except InkpawError as error:
            send_error(error)

    def _explain_missing(self, call: wire.RunCall) -> InkpawError:
        """EngineDown while the version is loading or has just gone: the worker may try another engine, or again."""
        try:
            self._repository.catalog.resolve(call.model, call.version).get_signature(call.signature)
        except (ModelNotFound, BadRequest) as error:
            return error
        except Unavailable:
            pass
        return EngineDown(f"Model '{call.model}' version {call.version} is not loaded now.")
