"""Replicas of the image behind haproxy, which start, end and vanish as pods of the manifests do."""

import subprocess
import time
from pathlib import Path

from tests.container.haproxy import Haproxy
from tests.container.podman import Podman
from tests.container.service import Service
from tests.support.manifest_rules import load_settings
from tests.support.manifests import find, get_server, render
from tests.support.tcp import find_free_ports
from tests.support.waiting import wait_until

_PLACES = 6  # replicas that may ever start, for haproxy's list


class Cluster:
    def __init__(self, podman: Podman, folder: Path) -> None:
        self._podman = podman
        documents = render("overlays/cpu")
        server, settings = get_server(documents), load_settings(documents)
        pod = find(documents, "Deployment")["spec"]["template"]["spec"]
        self._settings = {name: settings[f"INKPAW_{name.upper()}"] for name in ("drain_seconds", "grace_seconds")}
        self._pre_stop_seconds = server["lifecycle"]["preStop"]["sleep"]["seconds"]
        self._end_seconds = pod["terminationGracePeriodSeconds"]
        self._ports = find_free_ports(_PLACES)
        self._services: dict[int, Service] = {}
        self.replicas: list[int] = []  # those that serve, the oldest first
        self._started = 0
        self.haproxy = Haproxy(folder, server["readinessProbe"], self._ports)

    def start_replicas(self, count: int) -> None:
        """As many more replicas; returns when each gets requests."""
        added = range(self._started, self._started + count)
        self._started += count
        for replica in added:
            self._services[replica] = Service(self._podman, {"port": self._ports[replica], **self._settings})
        for replica in added:
            self._services[replica].wait_until("/readyz", 200)
            wait_until(lambda replica=replica: self.haproxy.is_up(replica), 30, "haproxy has noticed")  # type: ignore[misc]
        self.replicas += added

    def end_replica(self) -> None:
        """The oldest replica ends as the kubelet ends a pod: preStop, SIGTERM, and SIGKILL if it takes too long."""
        service = self._services[self.replicas.pop(0)]
        time.sleep(self._pre_stop_seconds)
        self._podman("stop", f"--time={self._end_seconds - self._pre_stop_seconds}", service.name)
        assert self._podman("inspect", "--format={{.State.ExitCode}}", service.name) == "0"

    def kill_replica(self) -> None:
        """The oldest replica is gone, with every process: the first one of a container takes all others along."""
        name = self._services[self.replicas.pop(0)].name
        pids = self._podman("top", name, "hpid").split()[1:]
        subprocess.run(["kill", "-9", *pids], check=True)
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 10, "every process has ended")

    def close(self) -> None:
        self.haproxy.close()
        for service in self._services.values():
            service.remove()
