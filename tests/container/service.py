"""A container of the service as in production: only /tmp is writable, no capabilities, limited resources."""

import time
from pathlib import Path

import requests

from tests.container.podman import IMAGE, Podman
from tests.support.tcp import find_free_port

_HARDENED = (
    "--network=host",
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=256m,mode=1777",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=2g",
    "--memory-swap=2g",
    "--cpus=2",
    "--pids-limit=512",
    "--health-interval=disable",  # the tests run the check themselves: podman needs systemd for its timer
)


class Service:
    def __init__(self, podman: Podman, settings: dict[str, object]) -> None:
        self._podman = podman
        settings = {"host": "127.0.0.1", "port": find_free_port(), **settings}
        self.port = settings["port"]
        environment = [f"--env=INKPAW_{name.upper()}={value}" for name, value in settings.items()]
        self.name = podman("run", "--detach", *_HARDENED, *environment, IMAGE)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def post(self, path: str, body: bytes) -> requests.Response:
        return requests.post(f"http://127.0.0.1:{self.port}{path}", data=body, timeout=10)

    def wait_until(self, path: str, status: int, seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.get(path).status_code == status:
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(0.1)
        logs = self._podman.run("logs", self.name)
        raise AssertionError(f"{path} is not {status} after {seconds:.0f} s\n{logs.stdout}{logs.stderr}")

    def read_process_statuses(self) -> list[dict[str, str]]:
        """The fields of /proc/<pid>/status of each process, as the host sees them."""
        pids = self._podman("top", self.name, "hpid").split()[1:]
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
        return [dict(line.split(":\t", 1) for line in text.splitlines()) for text in texts]

    def remove(self) -> None:
        self._podman.run("rm", "--force", "--time=0", self.name)
