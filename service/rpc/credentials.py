"""TLS of the gRPC port, by the certificate of the settings."""

import logging
from pathlib import Path
from typing import Any

import grpc

from service.settings import Settings

log = logging.getLogger(__name__)

_Look = tuple[int, int]


def make_credentials(settings: Settings) -> Any:
    """None where the settings have no certificate. Raises OSError if it cannot be read."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    watch = CertificateWatch(settings.tls_cert, settings.tls_key)
    return grpc.dynamic_ssl_server_credentials(watch.read(), watch.fetch)


class CertificateWatch:
    """gRPC asks it at every handshake, so a new certificate is taken as soon as both of its files are there."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._paths = (key, cert)  # the order in which gRPC takes them
        self._looks = self._take_looks()

    def read(self) -> Any:
        return grpc.ssl_server_certificate_configuration([tuple(path.read_bytes() for path in self._paths)])

    def fetch(self) -> Any:
        """None if nothing has changed, or cannot be read: then the certificate stays as it was."""
        looks = self._take_looks()
        if looks == self._looks:
            return None
        self._looks = looks  # before the files are read: a change meanwhile is seen at the next handshake
        try:
            return self.read()
        except OSError as error:
            log.error("The certificate cannot be read, gRPC keeps the one that it has: %s", error)
            return None

    def _take_looks(self) -> list[_Look | None]:
        return [_look(path) for path in self._paths]


def _look(path: Path) -> _Look | None:
    """Differs after every change of the content, the rights or the place of a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ctime_ns, status.st_ino
