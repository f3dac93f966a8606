"""What a servable says of itself is read whole, or refused with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from service import manifest
from service.manifest import ManifestError

GOOD: dict[str, Any] = {
    "name": "net",
    "kind": "classifier",
    "labels": ["cat", "dog"],
    "image": {"height": 8, "width": 9, "channels": 3, "treatment": "photo"},
    "facts": {"accuracy": 0.9},
}


def written(folder: Path, text: str) -> Path:
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "servable.json").write_text(text)
    return folder


def test_a_manifest_is_read(tmp_path: Path) -> None:
    found = manifest.read(written(tmp_path, json.dumps(GOOD)))
    assert found is not None
    assert (found.name, found.kind, found.labels) == ("net", "classifier", ("cat", "dog"))
    assert (found.image.height, found.image.width, found.image.channels) == (8, 9, 3)
    assert found.facts == {"accuracy": 0.9}


def test_a_field_of_a_later_version_does_no_harm(tmp_path: Path) -> None:
    assert manifest.read(written(tmp_path, json.dumps(GOOD | {"later": 1})))


def test_a_version_without_one_has_none(tmp_path: Path) -> None:
    assert manifest.read(tmp_path) is None


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
    ],
)
def test_a_broken_one_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        manifest.read(written(tmp_path, text))
