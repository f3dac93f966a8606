"""A valid manifest is read; others are refused with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.manifest import ManifestError, read_manifest, read_trained_manifest, write_manifest

GOOD: dict[str, Any] = {
    "name": "net",
    "kind": "classifier",
    "labels": ["cat", "dog"],
    "image": {"height": 8, "width": 9, "channels": 3, "treatment": "photo"},
    "facts": {"accuracy": 0.9},
}


def write(folder: Path, text: str) -> Path:
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "servable.json").write_text(text)
    return folder


def test_manifest_is_read(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, json.dumps(GOOD)))
    assert manifest is not None
    assert (manifest.name, manifest.kind, manifest.labels) == ("net", "classifier", ("cat", "dog"))
    assert (manifest.image.height, manifest.image.width, manifest.image.channels) == (8, 9, 3)


def test_manifest_of_training_has_its_facts(tmp_path: Path) -> None:
    assert read_trained_manifest(write(tmp_path, json.dumps(GOOD))).facts == {"accuracy": 0.9}
    with pytest.raises(ManifestError):
        read_trained_manifest(tmp_path / "elsewhere")


def test_manifest_is_written_as_it_is_read(tmp_path: Path) -> None:
    text = json.dumps(GOOD, indent=1)
    write_manifest(tmp_path / "copy", read_trained_manifest(write(tmp_path, text)))
    assert (tmp_path / "copy" / "assets.extra" / "servable.json").read_text() == text


def test_shipped_manifests_are_read() -> None:
    folders = [path.parents[1] for path in Path("models").glob("*/*/assets.extra/servable.json")]
    assert {read_trained_manifest(folder).name for folder in folders} == {"digits", "cats-dogs", "digits-gan"}


def test_unknown_field_is_ignored(tmp_path: Path) -> None:
    assert read_manifest(write(tmp_path, json.dumps(GOOD | {"later": 1})))


def test_version_without_a_manifest_has_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "truncated"),
        ("{", "truncated"),
        ("[]", "object"),
        (json.dumps(GOOD | {"kind": "oracle"}), "oracle"),
        (json.dumps(GOOD | {"labels": "cat"}), "labels"),
        (json.dumps({key: value for key, value in GOOD.items() if key != "image"}), "image"),
        (json.dumps(GOOD | {"image": GOOD["image"] | {"treatment": "sepia"}}), "sepia"),
        (json.dumps(GOOD | {"image": GOOD["image"] | {"height": 0}}), "height"),
        (json.dumps(GOOD | {"image": GOOD["image"] | {"width": 10**9}}), "width"),
        (json.dumps(GOOD | {"image": GOOD["image"] | {"channels": 5}}), "channels"),
        (json.dumps(GOOD | {"labels": []}), "labels"),
        (json.dumps(GOOD | {"labels": ["cat", "cat"]}), "labels"),
        ('{"name": ' + "[" * 100_000, "servable.json"),
    ],
)
def test_broken_manifest_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        read_manifest(write(tmp_path, text))
