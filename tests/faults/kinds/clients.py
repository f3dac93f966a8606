"""Clients that are slow, leave, or never read."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

from tests.faults.fault import Scene, fault
from tests.faults.questions import encode_png

_SLOW, _VANISHING, _SILENT = 500, 2000, 100
_HEAD = b"POST /predict/echo HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: "


def _open(scene: Scene) -> socket.socket:
    host, port = urlsplit(scene.service.url).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def _make_request(code: int) -> bytes:
    body = encode_png([code] * 10)
    return _HEAD + str(len(body)).encode() + b"\r\n\r\n" + body


@fault("500 connections of a byte a second", "others are answered, the slow ones are closed in time")
def send_slowly(scene: Scene) -> None:
    request, connections = _make_request(1), []
    try:
        for _ in range(_SLOW):
            connections.append(_open(scene))
        began = time.monotonic()
        for index in range(8):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(request[index : index + 1])
            scene.check(scene.load.wait_for("right", 20, 5), "others had to wait for slow clients")
            time.sleep(max(0.0, began + index + 1 - time.monotonic()))
    finally:
        for connection in connections:
            connection.close()
    scene.expect_recovery()


@fault("2,000 clients that vanish in the middle of a request", "others are answered", "refused")
def vanish(scene: Scene) -> None:
    request = _make_request(2)
    for number in range(_VANISHING):
        with contextlib.suppress(OSError), _open(scene) as connection:
            connection.send(request[: len(request) * (number % 11) // 10])
    scene.expect_recovery()


@fault("100 clients that send requests and never read", "others are answered", "refused")
def never_read(scene: Scene) -> None:
    connections, request = [], _make_request(3) * 20
    try:
        for _ in range(_SILENT):
            connection = _open(scene)
            connection.setblocking(False)
            connections.append(connection)
        for _ in range(10):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(request)
            scene.check(scene.load.wait_for("right", 5, 5), "others had to wait for clients that never read")
            time.sleep(0.2)
    finally:
        for connection in connections:
            connection.close()
    scene.expect_recovery()
