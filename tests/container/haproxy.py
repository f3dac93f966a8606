"""haproxy in front of replicas, with the readiness probe of the manifests as its health check."""

import csv
import shutil
import socket
import subprocess
from pathlib import Path
from string import Template
from typing import Any

from tests.support.tcp import find_free_ports
from tests.support.waiting import wait_until

_CONFIG = Path(__file__).with_name("haproxy.cfg")
_BINARY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")  # a user's PATH may lack sbin


def find_skip_reason() -> str:
    return "" if _BINARY else "needs haproxy, Debian's package"


class Haproxy:
    """`plain_url` never tries again; `redispatching_url` does where a connection is refused."""

    def __init__(self, folder: Path, probe: dict[str, Any], replica_ports: list[int]) -> None:
        """A replica is known by its place in `replica_ports`; nothing needs to listen there yet."""
        plain, redispatching = find_free_ports(2)
        self.plain_url, self.redispatching_url = (f"http://127.0.0.1:{port}" for port in (plain, redispatching))
        self._socket = folder / "haproxy.sock"
        servers = [f"    server {index} 127.0.0.1:{port}" for index, port in enumerate(replica_ports)]
        values = {
            "socket": self._socket,
            "path": probe["httpGet"]["path"],
            "period": probe["periodSeconds"],
            "timeout": probe["timeoutSeconds"],
            "failures": probe["failureThreshold"],
            "successes": probe.get("successThreshold", 1),
            "plain_port": plain,
            "redispatching_port": redispatching,
            "plain_servers": "\n".join(f"{server} check" for server in servers),
            "redispatching_servers": "\n".join(f"{line} track plain/{i}" for i, line in enumerate(servers)),
        }
        config = folder / "haproxy.cfg"
        config.write_text(Template(_CONFIG.read_text()).substitute(values))
        self._process = subprocess.Popen([str(_BINARY), "-db", "-f", str(config)])
        wait_until(self._socket.exists, 10, "haproxy listens")

    def is_up(self, replica: int) -> bool:
        return self._read_state(replica, "plain")["status"].startswith("UP")

    def is_down(self, replica: int) -> bool:
        return self._read_state(replica, "plain")["status"].startswith("DOWN")

    def count_requests_in_flight(self, replica: int) -> int:
        return sum(int(self._read_state(replica, backend)["scur"]) for backend in ("plain", "redispatching"))

    def count_requests(self, replica: int) -> int:
        return sum(int(self._read_state(replica, backend)["stot"]) for backend in ("plain", "redispatching"))

    def _read_state(self, replica: int, backend: str) -> dict[str, str]:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self._socket))
            client.sendall(b"show stat\n")
            text = b"".join(iter(lambda: client.recv(1 << 16), b"")).decode()
        rows = csv.DictReader(text.removeprefix("# ").strip().splitlines())
        [row] = [row for row in rows if (row["pxname"], row["svname"]) == (backend, str(replica))]
        return row

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
