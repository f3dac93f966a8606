"""What docs/operations.md tells operators to write renders, and what it names is there."""

import re
import subprocess
from pathlib import Path

import msgspec
import yaml

from service.engine.version_policy import Entry
from service.settings import PREFIX, Settings
from tests.support.manifest_rules import find_faults
from tests.support.manifests import KUBERNETES, ROOT, Document, find, find_kubectl, get_server, parse

PAGE = (ROOT / "docs/operations.md").read_text()


def list_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def render_example(folder: Path, *extra: str) -> list[Document]:
    """The page's kustomization, with more fields of the page."""
    kustomization = yaml.safe_load(list_blocks("yaml")[0])
    for text in extra:
        kustomization |= yaml.safe_load(text)
    (folder / "docker").symlink_to(ROOT / "docker")
    (folder / "my-cluster").mkdir()
    (folder / "my-cluster/kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    command = [find_kubectl(), "kustomize", str(folder / "my-cluster")]
    return parse(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_kustomization_of_the_page_renders(tmp_path: Path) -> None:
    documents = render_example(tmp_path, list_blocks("yaml")[1])
    assert get_server(documents)["image"] == "registry.example.com/inkpaw:1"
    assert find(documents, "Ingress")["spec"]["rules"][0]["host"] == "digits.example.com"
    assert find_faults(documents) == []


def test_policies_of_the_page_are_accepted() -> None:
    [text] = list_blocks("json")
    assert msgspec.json.decode(text, type=dict[str, Entry])


def test_settings_and_folders_of_the_page_exist() -> None:
    names = set(re.findall(r"\bINKPAW_[A-Z_]+", PAGE))
    assert names <= {PREFIX + name.upper() for name in Settings.model_fields}
    folders = set(re.findall(r"`((?:overlays|others)/[a-z-]+)", PAGE))
    folders |= {
        f"components/{name}"
        for name in re.findall(r"^\| `((?!overlays|others|components)[a-z/-]+)` \|", PAGE, re.MULTILINE)
    }
    assert len(folders) >= 15
    assert [name for name in folders if not (KUBERNETES / name).is_dir()] == []


def test_every_component_is_on_the_page() -> None:
    components = KUBERNETES / "components"
    paths = [
        p.parent.relative_to(components) for p in components.rglob("kustomization.yaml") if p.parent.name != "copy"
    ]
    assert [path for path in paths if f"`{path}`" not in PAGE] == []
