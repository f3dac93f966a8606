"""The commands of docs/operations.md: those for one machine against a service, those of kubectl for their form."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.conftest import run_service
from tests.support.manifests import KUBERNETES, find_kubectl
from tests.support.server import Service
from tests.support.tcp import find_free_port
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
LINES = re.findall(r"^ {4,7}((?:kubectl|curl|cp|mv|tar) .*)$", PAGE, re.MULTILINE)
KUBECTL = [line for line in LINES if line.startswith("kubectl")]
LOCAL = [line for line in LINES if not line.startswith("kubectl")]

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the lines run: it holds the files that they name."""
    folder = tmp_path_factory.mktemp("operations")
    shutil.copytree(ROOT / "models", folder / "models")
    [digits] = (folder / "models/digits").iterdir()
    shutil.copytree(digits, folder / "my-digits")
    (folder / "docker").symlink_to(ROOT / "docker")
    (folder / "my-cluster").mkdir()
    [kustomization, _] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (folder / "my-cluster/kustomization.yaml").write_text(kustomization)
    [policies] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (folder / "policies.json").write_text(policies)
    shutil.copy(KUBERNETES / "components/model-volume/object-storage/s3.env.example", folder / "s3.env")
    return folder


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    with run_service(folder / "models", Service, workers=1) as service:
        yield service


def run(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-o", "pipefail", "-c", line]
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def test_lines_for_one_machine_work_and_a_copied_version_is_served(service: Service, folder: Path) -> None:
    assert len(LOCAL) >= 8
    service.post("/predict/digits", service.get("/generate/digits-gan?label=7&seed=3").content)
    for line in LOCAL:
        done = run(line.replace("localhost:8080", service.url), folder)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert bool(done.stdout) == line.startswith("curl"), line
    status = "/v1/models/digits"
    wait_until(lambda: '"7"' in service.get(status).text and "LOADING" not in service.get(status).text, 60)
    states = {version["version"]: version["state"] for version in service.get(status).json()["model_version_status"]}
    assert states["7"] == "AVAILABLE"
    assert run("tar -tzf models.tar.gz models/digits/7/saved_model.pb", folder).returncode == 0


@pytest.mark.parametrize("line", KUBECTL)
def test_kubectl_takes_the_line(folder: Path, line: str) -> None:
    """There is no cluster: what is well formed fails where it would ask the server."""
    port = find_free_port()
    cluster = {"name": "none", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    context = {"name": "none", "context": {"cluster": "none", "user": ""}}
    config = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [context]}
    (folder / "config").write_text(yaml.safe_dump(config | {"current-context": "none"}))
    path = f"{Path(find_kubectl()).parent}{os.pathsep}{os.environ['PATH']}"
    done = run(line, folder, KUBECONFIG=str(folder / "config"), PATH=path)
    assert done.returncode != 0 and re.search(rf"127\.0\.0\.1:{port}\b.* refused", done.stderr), done.stderr
