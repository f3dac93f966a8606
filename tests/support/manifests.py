"""The Kubernetes manifests as `kubectl kustomize` renders them."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "docker/kubernetes"

Document = dict[str, Any]
Combination = tuple[str, ...]  # an overlay and components, as folders under docker/kubernetes

OVERLAYS = ("overlays/cpu", "overlays/gpu", "overlays/dev")
# at most one of each line; the first name is none
CHOICES = (
    ("", "components/autoscale-hpa", "components/autoscale-keda"),
    ("", "components/prometheus-operator"),
    ("", "components/canary"),
    ("", "components/ingress"),
    ("", "components/priority-class"),
    ("", *(f"components/model-volume/{kind}" for kind in ("claim", "image", "object-storage"))),
)
APART = ("components/grpc", "components/keys")  # what touches nothing that another component does
ENCRYPTED = ("components/keys", "components/prometheus-operator", "components/grpc", "components/tls")
ROLLOUTS = ("overlays/cpu", "components/prometheus-operator", "others/argo-rollouts")


def list_combinations() -> list[Combination]:
    """Every overlay alone, with each component, and with one of each. With INKPAW_TEST_DEPLOY=1, which
    `make deploy-check` sets, with every combination of components."""
    one_of_each = tuple(names[-1] for names in CHOICES)
    if os.environ.get("INKPAW_TEST_DEPLOY") == "1":
        sets = list(itertools.product(*CHOICES))
    else:
        sets = [(), *((name,) for names in CHOICES for name in names[1:]), one_of_each]
    sets += [APART, (*one_of_each, *APART), ENCRYPTED]
    return [(overlay, *filter(None, names)) for overlay in OVERLAYS for names in sets] + [ROLLOUTS]


@cache
def find_kubectl() -> str:
    kubectl = shutil.which("kubectl", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert kubectl, "kubectl is missing: `make train-setup` installs it"
    return kubectl


@cache
def _render_text(folders: Combination) -> str:
    if len(folders) == 1:
        return _run_kustomize(KUBERNETES / folders[0])
    with tempfile.TemporaryDirectory() as folder:
        overlay, *components = [os.path.relpath(KUBERNETES / name, os.path.realpath(folder)) for name in folders]
        kustomization = {"resources": [overlay], "components": components}
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return _run_kustomize(Path(folder))


def _run_kustomize(folder: Path) -> str:
    done = subprocess.run([find_kubectl(), "kustomize", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # a warning, as of a field that goes away
    return done.stdout


def parse(text: str) -> list[Document]:
    return [document for document in yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if document]


def render(*folders: str) -> list[Document]:
    """The documents of an overlay with components. Each call returns new ones, which the caller may change."""
    return parse(_render_text(folders))


def list_plain_files() -> list[Path]:
    """The manifests that are applied as they are."""
    return [
        path for folder in ("kserve", "knative", "kubeflow") for path in (KUBERNETES / "others" / folder).glob("*.yaml")
    ]


def find_all(documents: list[Document], *kinds: str) -> list[Document]:
    return [document for document in documents if document["kind"] in kinds]


def find(documents: list[Document], kind: str, name: str = "inkpaw") -> Document:
    """The one document of that kind and name."""
    [document] = [document for document in find_all(documents, kind) if document["metadata"]["name"] == name]
    return document


def get_server(documents: list[Document]) -> Document:
    """The container of the service in the Deployment `inkpaw`."""
    container: Document = find(documents, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    return container


def list_texts() -> Iterator[tuple[Path, str]]:
    """Every YAML and settings file under docker/."""
    for path in sorted((ROOT / "docker").rglob("*")):
        if path.suffix in (".yaml", ".env"):
            yield path.relative_to(ROOT), path.read_text()
