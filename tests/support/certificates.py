"""A certificate for loopback, signed by itself, made by the openssl of the machine."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

OPENSSL = shutil.which("openssl")


class Certificate(NamedTuple):
    cert: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    assert OPENSSL is not None
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(
        [OPENSSL, "req", "-x509", *kind, *names, "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    return Certificate(cert, key)
