"""A rendered overlay, played by podman: the same pod, with the local image and a port on loopback."""

import json
from pathlib import Path

from tests.container.podman import IMAGE, Podman
from tests.container.service import Service
from tests.support.manifests import find, find_all, get_server, render
from tests.support.tcp import find_free_port


class KubePod(Service):
    """podman plays Deployment and ConfigMap, and ignores Service, NetworkPolicy and PodDisruptionBudget."""

    def __init__(self, podman: Podman, folder: Path, *folders: str) -> None:
        self._podman = podman
        self.port = find_free_port()
        documents = render(*folders)
        deployment, server = find(documents, "Deployment"), get_server(documents)
        server["image"] = IMAGE
        server["ports"][0] |= {"hostPort": self.port, "hostIP": "127.0.0.1"}
        self._file = folder / "pod.yaml"
        played = [*find_all(documents, "ConfigMap"), deployment]
        self._file.write_text("\n---\n".join(json.dumps(document) for document in played))  # JSON is YAML
        podman("kube", "play", "--network=slirp4netns", str(self._file))
        names = podman("ps", "--format={{.Names}}").split()
        [self.name] = [name for name in names if name.startswith("inkpaw-pod") and name.endswith("-inkpaw")]

    def remove(self) -> None:
        self._podman.run("kube", "down", str(self._file))
