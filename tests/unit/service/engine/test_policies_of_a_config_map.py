"""Policies on a ConfigMap's volume: Kubernetes swings a symlink from one folder to the next, and nothing restarts."""

from pathlib import Path

from service.engine.version_policy import VersionPolicies
from tests.support.model_folder import ModelFolder


def swing(mount: Path, generation: int, text: str) -> None:
    """What the kubelet does: a new folder, `..data` renamed onto it in one step, the old folder removed.

    `policies.json` is a link into `..data`, made once.
    """
    old = mount / (mount / "..data").readlink() if (mount / "..data").is_symlink() else None
    folder = mount / f"..2026_11_29_{generation}"
    folder.mkdir(parents=True)
    (folder / "policies.json").write_text(text)
    (mount / "..data_tmp").symlink_to(folder.name)
    (mount / "..data_tmp").rename(mount / "..data")
    if old is None:
        (mount / "policies.json").symlink_to("..data/policies.json")
    else:
        (old / "policies.json").unlink()
        old.rmdir()


def test_a_label_moves_when_the_config_map_changes(tmp_path: Path) -> None:
    mount = tmp_path / "policies"
    swing(mount, 0, "{}")
    policies = VersionPolicies(mount / "policies.json")
    for generation, version in enumerate((1, 2, 1), start=1):
        swing(mount, generation, f'{{"net": {{"labels": {{"stable": {version}}}}}}}')
        policies.refresh()
        assert policies.labels("net") == {"stable": version}


def test_share_of_the_canary_changes_with_the_config_map(tmp_path: Path) -> None:
    mount = tmp_path / "policies"
    swing(mount, 0, "{}")
    folder = ModelFolder(tmp_path / "models")
    folder.policies.parent.mkdir()
    folder.policies.symlink_to(mount / "policies.json")
    folder.add_version(1)
    shares = []
    for generation, policy in enumerate(("{}", '{"canary_percent": 5}', '{"canary_percent": 0}', "{}"), start=1):
        swing(mount, generation, f'{{"net": {policy}}}')
        folder.refresh()
        shares.append(folder.repository.catalog.get_canary_percent("net", 1))
    assert shares == [1, 5, 0, 1]


def test_a_rollout_goes_forward_and_back_by_the_config_map(tmp_path: Path) -> None:
    mount = tmp_path / "policies"
    swing(mount, 1, '{"net": {"versions": 2, "labels": {"stable": 1}}}')
    folder = ModelFolder(tmp_path / "models")
    folder.policies.parent.mkdir()
    folder.policies.symlink_to(mount / "policies.json")
    folder.add_version(1)
    folder.add_version(2)
    folder.refresh()
    assert folder.get_default() == 1
    swing(mount, 2, '{"net": {"versions": 2, "labels": {"stable": 2}}}')
    folder.refresh()
    assert folder.get_default() == 2
    swing(mount, 3, '{"net": {"versions": 2, "labels": {"stable": 1}}}')
    folder.refresh()
    assert folder.get_default() == 1
