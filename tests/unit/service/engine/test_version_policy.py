"""The policies file is read again when it changes; a broken file changes nothing."""

from pathlib import Path

import pytest

from service.engine.version_policy import VersionPolicies


def write_policies(path: Path, text: str) -> VersionPolicies:
    path.write_text(text)
    policies = VersionPolicies(path)
    policies.refresh()
    return policies


def test_without_a_file_the_newest_is_kept_and_no_label_is_set() -> None:
    policies = VersionPolicies(None)
    policies.refresh()
    assert (policies.versions("net"), policies.labels("net")) == (1, {})


@pytest.mark.parametrize(("text", "policy"), [("2", 2), ('"all"', "all"), ("[1, 3]", frozenset({1, 3}))])
def test_versions_are_a_count_a_list_or_all(tmp_path: Path, text: str, policy: object) -> None:
    assert write_policies(tmp_path / "p.json", '{"net": {"versions": %s}}' % text).versions("net") == policy  # noqa: UP031


def test_unnamed_model_keeps_its_newest_version(tmp_path: Path) -> None:
    assert write_policies(tmp_path / "p.json", '{"net": {"versions": 3}}').versions("other") == 1


def test_a_label_moves_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    policies = write_policies(path, '{"net": {"labels": {"stable": 1}}}')
    assert policies.labels("net") == {"stable": 1}
    path.write_text('{"net": {"labels": {"stable": 2}}}')
    policies.refresh()
    assert policies.labels("net") == {"stable": 2}


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", '{"net": {"versions": 0}}', '{"net": {"versions": "some"}}', '{"net": {"lables": {}}}'],
)
def test_a_broken_file_changes_nothing(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "p.json"
    policies = write_policies(path, '{"net": {"versions": 3, "labels": {"stable": 1}}}')
    path.write_text(broken)
    policies.refresh()
    assert (policies.versions("net"), policies.labels("net")) == (3, {"stable": 1})


def test_removed_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    policies = write_policies(path, '{"net": {"versions": 3}}')
    path.unlink()
    policies.refresh()
    assert policies.versions("net") == 3
