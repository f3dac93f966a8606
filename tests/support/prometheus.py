"""A real Prometheus that scrapes one service and evaluates the alert rules, once per second."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.support.waiting import wait_until

_ADDRESS = re.compile(r'msg="Listening on" address=(\S+)')

needs_prometheus = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="needs prometheus, of Debian's package prometheus"
)


class Prometheus:
    """Runs within the `with`, on a free port of loopback."""

    def __init__(self, folder: Path, target: str, rules: Path) -> None:
        self._folder, self._log = folder, folder / "log"
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "inkpaw", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
        self._url = ""

    def __enter__(self) -> "Prometheus":
        options = {
            "config.file": self._folder / "prometheus.yaml",
            "storage.tsdb.path": self._folder / "data",
            "web.listen-address": "127.0.0.1:0",
        }
        command = ["prometheus", *(f"--{name}={value}" for name, value in options.items())]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._has_address, 30, "Prometheus listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _has_address(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        if match := _ADDRESS.search(self._log.read_text()):
            self._url = f"http://{match[1]}/api/v1/"
        return bool(match)

    def get(self, path: str, **params: Any) -> Any:
        reply = requests.get(self._url + path, params, timeout=30).json()
        assert reply["status"] == "success", (params, reply)
        return reply["data"]

    def read_values(self, query: str, start: float, end: float) -> list[float]:
        """All values of all series, one per second."""
        series = self.get("query_range", query=query, start=start, end=end, step=1)["result"]
        return [float(value) for one in series for _, value in one["values"]]
