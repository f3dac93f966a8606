"""An engine that serves `echo`, a digit classifier, with the service's own socket, heartbeat and signals.

STUB_START_SECONDS: how long it starts, as if it imported TensorFlow. STUB_RUN_SECONDS: how long a run takes.
"""

import os
import signal
import threading
import time
from pathlib import Path


def main(index: int) -> None:
    time.sleep(float(os.environ.get("STUB_START_SECONDS", "0")))
    import numpy as np

    from service import heartbeat, metrics, settings
    from service.catalog import DEFAULT_SIGNATURE, Catalog, Model, Signature, TensorSpec, Version
    from service.heartbeat import Heartbeat
    from service.images import ImageInput
    from service.ipc import wire
    from service.ipc.connection import Connection
    from service.ipc.server import Server
    from service.manifest import Manifest

    config = settings.load()
    metrics.ENGINE_STARTS.inc()
    manifest = Manifest("echo", "classifier", tuple("0123456789"), ImageInput(28, 28, 1, "digit"))
    images = TensorSpec("images", "uint8", (-1, 28, 28, 1))
    version = Version(1, "AVAILABLE", "", manifest, {DEFAULT_SIGNATURE: Signature((images,), ())})
    catalog = Catalog(1, {"echo": Model("echo", {1: version})})
    run_seconds = float(os.environ.get("STUB_RUN_SECONDS", "0"))

    def run(connection: Connection, number: int, rows: int) -> None:
        outputs = {"probabilities": np.eye(10, dtype=np.float32)[[3] * rows]}
        connection.send(wire.make_frame(number, wire.RunReply(1, wire.make_heads(outputs)), list(outputs.values())))

    def handle(connection: Connection, number: int, call: wire.Call, _: memoryview) -> None:
        match call:
            case wire.CatalogCall():
                connection.send(wire.make_frame(number, wire.CatalogReply(catalog)))
            case wire.RunCall():
                rows = call.tensors[0].shape[0]
                threading.Timer(run_seconds, run, (connection, number, rows)).start()

    socket_path: Path = config.engine_sockets[index]
    pulse = Heartbeat(heartbeat.get_path(socket_path))
    server = Server(socket_path, handle, lambda: pulse.beat(0.0))
    signal.signal(signal.SIGUSR1, lambda *_: server.stop())
    server.serve()
