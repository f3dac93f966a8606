"""Run in a network namespace of its own: starts the service, asks it, and prints `answered`."""

import fcntl
import socket
import struct
import sys
from pathlib import Path

from tests.support.pictures import make_digit_png
from tests.support.server import Service

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def main(models: Path) -> None:
    raise_loopback()
    names = [name for _, name in socket.if_nameindex()]
    assert names == ["lo"], names
    service = Service(models, {"workers": 1})
    try:
        service.start()
        assert service.post("/predict/digits", make_digit_png()).status_code == 200
        assert service.get("/generate/digits-gan?seed=1").status_code == 200
        assert all(service.get(path).status_code == 200 for path in ("/", "/docs", "/openapi.json", "/metrics"))
        assert service.stop() == 0
    finally:
        service.clean_up()
    print("answered")


main(Path(sys.argv[1]))
