"""An engine made of a socket and a thread for each connection, which answers as a test tells it to."""

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

Said = tuple[wire.Reply, list[NDArray]]
Answer = Callable[[wire.Call, dict[str, NDArray]], Said]


class Hold(Exception):
    """Raised by an answer: say nothing, keep the connection open."""


class HangUp(Exception):
    """Raised by an answer: send the first half of this answer, if any, and close the connection."""


def within(seconds: float = 5.0) -> float:
    """A deadline, as the engine's clients take it."""
    return time.monotonic() + seconds


def ran(outputs: dict[str, NDArray], generation: int = 1) -> Said:
    return wire.RunReply(generation, wire.make_heads(outputs)), list(outputs.values())


def said(reply: wire.Reply) -> Said:
    return reply, []


class FakeEngine:
    """Listens at `path` as long as the `with` lasts.

    `calls` are what it was sent, `opened` how many connections it had, `left` is set when a caller gives a call up.
    """

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path, self._answer = path, answer
        self.calls: list[wire.Call] = []
        self.opened = 0
        self.left = threading.Event()
        self._open: list[socket.socket] = []
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
        self.hang_up()
        self._path.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """Close every connection, as an engine that dies does."""
        while self._open:
            sock = self._open.pop()
            with contextlib.suppress(OSError):  # its caller has left just now
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.opened += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        frames = FrameReader()
        try:
            while data := sock.recv(1 << 20):
                for number, head, body in frames.feed(data):
                    self._hear(sock, number, wire.decode_call(head), body)
        except OSError:
            pass
        if sock in self._open:
            self._open.remove(sock)
        sock.close()

    def _hear(self, sock: socket.socket, number: int, call: wire.Call, body: memoryview) -> None:
        if isinstance(call, wire.CancelCall):
            self.left.set()
            return
        self.calls.append(call)
        threading.Thread(target=self._reply, args=(sock, number, call, body), daemon=True).start()

    def _reply(self, sock: socket.socket, number: int, call: wire.Call, body: memoryview) -> None:
        """In a thread of its own: an answer may be held while others are given."""
        arrays = wire.read_tensors(call.tensors, body) if isinstance(call, wire.RunCall) else {}
        try:
            whole = b"".join(wire.make_frame(number, *self._answer(call, arrays)))
        except Hold:
            return
        except HangUp as last:
            half = b"".join(wire.make_frame(number, *last.args[0])) if last.args else b""
            sock.sendall(half[: len(half) // 2])
            sock.shutdown(socket.SHUT_RDWR)
            return
        with contextlib.suppress(OSError), self._sending:
            sock.sendall(whole)


def serving(catalog: Catalog) -> Answer:
    """Tells that catalog; a classifier's rows get their first value as class (of `wary`, a tenth of it as outlier
    score too), a generator's their seed as pixels.
    """

    def answer(call: wire.Call, arrays: dict[str, NDArray]) -> Said:
        match call:
            case wire.CatalogCall():
                return said(wire.CatalogReply(catalog))
            case wire.StatusCall():
                return said(wire.StatusReply(0.0))
        if "seeds" in arrays:
            pixels = (arrays["seeds"] % 251).astype(np.uint8)
            images = np.broadcast_to(pixels[:, None, None, None], (len(pixels), 28, 28, 1))
            return ran({"images": images}, catalog.generation)
        first = next(iter(arrays.values()))[:, 0, 0, 0] % 10
        outputs = {"probabilities": np.eye(10, dtype=np.float32)[first]}
        if isinstance(call, wire.RunCall) and call.model == "wary":
            outputs["outlier_score"] = (first / 10).astype(np.float32)
        return ran(outputs, catalog.generation)

    return answer


def echo(_: wire.Call, arrays: dict[str, NDArray]) -> Said:
    """Gives back what it is given."""
    return ran(arrays)


def silent(*_: object) -> Said:
    """Never answers."""
    raise Hold
