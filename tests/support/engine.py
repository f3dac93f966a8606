"""A fake engine: a socket, one thread per connection, and a handler that the test defines."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.catalog import Catalog
from service.ipc import wire
from service.ipc.frames import FrameReader

EngineReply = tuple[wire.Reply, list[NDArray]]
Handler = Callable[[wire.Call, dict[str, NDArray]], EngineReply]


class NoReply(Exception):
    """Raised by a handler: send no reply, and keep the connection open."""


class CloseConnection(Exception):
    """Raised by a handler: send the first half of the given reply, if any, and close the connection."""


def deadline_in(seconds: float = 5.0) -> float:
    """The deadline that is so many seconds from now, as the clients of the engine take it."""
    return time.monotonic() + seconds


def make_run_reply(outputs: dict[str, NDArray], generation: int = 1) -> EngineReply:
    return wire.RunReply(generation, wire.make_heads(outputs)), list(outputs.values())


def make_reply(reply: wire.Reply) -> EngineReply:
    return reply, []


class FakeEngine:
    """Listens at `path` until the `with` ends.

    `calls` are the calls it received, `connection_count` is the number of connections so far, and `cancelled` is set
    when a client cancels a call.
    """

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path, self._handler = path, handler
        self.calls: list[wire.Call] = []
        self.connection_count = 0
        self.cancelled = threading.Event()
        self._connections: list[socket.socket] = []
        self._sending = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> "FakeEngine":
        self._path.unlink(missing_ok=True)
        self._listener.bind(os.fspath(self._path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.close_connections()
        self._path.unlink(missing_ok=True)

    def close_connections(self) -> None:
        """Close every connection, as the death of an engine does."""
        while self._connections:
            sock = self._connections.pop()
            with contextlib.suppress(OSError):  # the client may have disconnected just before
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connection_count += 1
            self._connections.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        frames = FrameReader()
        try:
            while data := sock.recv(1 << 20):
                for number, head, body in frames.feed(data):
                    self._handle(sock, number, wire.decode_call(head), body)
        except OSError:
            pass
        if sock in self._connections:
            self._connections.remove(sock)
        sock.close()

    def _handle(self, sock: socket.socket, number: int, call: wire.Call, body: memoryview) -> None:
        if isinstance(call, wire.CancelCall):
            self.cancelled.set()
            return
        self.calls.append(call)
        threading.Thread(target=self._reply, args=(sock, number, call, body), daemon=True).start()

    def _reply(self, sock: socket.socket, number: int, call: wire.Call, body: memoryview) -> None:
        """Runs in its own thread, so that a handler may block while other calls are answered."""
        arrays = wire.read_tensors(call.tensors, body) if isinstance(call, wire.RunCall) else {}
        try:
            frame = b"".join(wire.make_frame(number, *self._handler(call, arrays)))
        except NoReply:
            return
        except CloseConnection as error:
            half = b"".join(wire.make_frame(number, *error.args[0])) if error.args else b""
            sock.sendall(half[: len(half) // 2])
            sock.shutdown(socket.SHUT_RDWR)
            return
        with contextlib.suppress(OSError), self._sending:
            sock.sendall(frame)


def make_handler(catalog: Catalog) -> Handler:
    """Answers with this catalog. The class of a row is its first value, and a generated image is filled with its seed.

    The model `wary` also has an outlier score: a tenth of the class. `explain` gives maps [N,2,2,10] with the class in
    the first place of its own map, `walk` images that are filled with the whole part of a hundredfold position.
    """

    def handle(call: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        match call:
            case wire.CatalogCall():
                return make_reply(wire.CatalogReply(catalog))
            case wire.StatusCall():
                return make_reply(wire.StatusReply(0.0))
        if "position" in arrays:
            pixels = (arrays["position"] * 100).astype(np.uint8)
            return make_run_reply({"images": np.broadcast_to(pixels[:, None, None, None], (len(pixels), 28, 28, 1))})
        if "seeds" in arrays:
            pixels = (arrays["seeds"] % 251).astype(np.uint8)
            images = np.broadcast_to(pixels[:, None, None, None], (len(pixels), 28, 28, 1))
            return make_run_reply({"images": images}, catalog.generation)
        classes = next(iter(arrays.values()))[:, 0, 0, 0] % 10
        outputs = {"probabilities": np.eye(10, dtype=np.float32)[classes]}
        if isinstance(call, wire.RunCall) and call.signature == "explain":
            outputs["maps"] = np.zeros((len(classes), 2, 2, 10), np.float32)
            outputs["maps"][range(len(classes)), 0, 0, classes] = classes
        if isinstance(call, wire.RunCall) and call.model == "wary":
            outputs["outlier_score"] = (classes / 10).astype(np.float32)
        return make_run_reply(outputs, catalog.generation)

    return handle


def echo(_: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
    """Replies with the inputs."""
    return make_run_reply(arrays)


def stay_silent(*_: object) -> EngineReply:
    """Never replies."""
    raise NoReply
