"""The policies file is read again when it changes; a broken file changes nothing."""

import logging
import os
from pathlib import Path

import pytest

from service.engine.version_policy import VersionPolicies
from tests.support.waiting import call_with_timeout


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
    [
        "",
        "{",
        "[]",
        '{"net": {"versions": 0}}',
        '{"net": {"versions": "some"}}',
        '{"net": {"lables": {}}}',
        '{"net": {"versions": [9223372036854775808]}}',
        '{"net": {"versions": 1%s}}' % ("0" * 18),
        '{"net": {"labels": {"stable": 1000000000000000000}}}',
        '{"net": {"labels": {"stable": 1%s}}}' % ("0" * 5000),
        '{"net": {"labels": {"stable": -1}}}',
        '{"net": %s' % ("[" * 100_000),
        '{"\udcff": {}}',
        " " * (2 << 20),
    ],
    ids=lambda broken: broken[:40],
)
def test_a_broken_file_changes_nothing(tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "p.json"
    policies = write_policies(path, '{"net": {"versions": 3, "labels": {"stable": 1}}}')
    path.write_bytes(broken.encode(errors="surrogateescape"))
    for _ in range(3):
        policies.refresh()
    assert (policies.versions("net"), policies.labels("net")) == (3, {"stable": 1})
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1, "it is told once"


def test_a_pipe_in_the_files_place_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    policies = write_policies(path, '{"net": {"versions": 3}}')
    path.unlink()
    os.mkfifo(path)
    call_with_timeout(lambda: policies.refresh() or True)
    assert policies.versions("net") == 3


def test_a_file_that_is_as_it_was_before_it_was_broken_is_in_force(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    text = '{"net": {"versions": 3}}'
    policies = write_policies(path, text)
    for each in ("{", '{"net": {"versions": 2}}', "{", text):
        path.write_text(each)
        policies.refresh()
    assert policies.versions("net") == 3


def test_removed_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    policies = write_policies(path, '{"net": {"versions": 3}}')
    path.unlink()
    policies.refresh()
    assert policies.versions("net") == 3
