"""`assets.extra/servable.json`: what a version of a model is, for machines. Training writes it, serving reads it."""

from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from service.images import TREATMENTS, ImageInput
from service.plain_file import read_plain_file

MANIFEST_PATH = Path("assets.extra") / "servable.json"  # within a version's folder

_MAX_BYTES = 4 << 20
_MAX_SIDE = 8192
_MAX_CHANNELS = 4


class ManifestError(Exception):
    """The file is missing, or does not hold together."""


class Manifest(msgspec.Struct, frozen=True):
    """A classifier's `labels` name its classes in order; a generator's name what it can be asked for."""

    name: str
    kind: Literal["classifier", "generator"]
    labels: tuple[str, ...]
    image: ImageInput


class TrainedManifest(Manifest, frozen=True):
    """With the facts that training records (recipe, data, figures), which serving does not read."""

    facts: dict[str, Any] = {}


AnyManifest = TypeVar("AnyManifest", bound=Manifest)


def read_manifest(version_dir: Path) -> Manifest | None:
    """The manifest of a version; None if it has none. Raises ManifestError."""
    return _decode(version_dir, Manifest) if (version_dir / MANIFEST_PATH).exists() else None


def read_trained_manifest(version_dir: Path) -> TrainedManifest:
    """The manifest with its facts. Raises ManifestError, also where there is none."""
    return _decode(version_dir, TrainedManifest)


def write_manifest(version_dir: Path, manifest: TrainedManifest) -> None:
    path = version_dir / MANIFEST_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def _decode(version_dir: Path, form: type[AnyManifest]) -> AnyManifest:
    try:
        manifest = msgspec.json.decode(read_plain_file(version_dir / MANIFEST_PATH, _MAX_BYTES), type=form)
    except OSError as error:
        raise ManifestError(f"{MANIFEST_PATH} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise ManifestError(f"{MANIFEST_PATH}: {error}") from None
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    image = manifest.image
    if image.treatment not in TREATMENTS:
        raise ManifestError(f"{MANIFEST_PATH}: there is no treatment '{image.treatment}'.")
    if not all(1 <= side <= _MAX_SIDE for side in (image.height, image.width)):
        raise ManifestError(f"{MANIFEST_PATH}: an image has a height and a width of 1 to {_MAX_SIDE}.")
    if not 1 <= image.channels <= _MAX_CHANNELS:
        raise ManifestError(f"{MANIFEST_PATH}: an image has 1 to {_MAX_CHANNELS} channels.")
    if not manifest.labels or len(set(manifest.labels)) < len(manifest.labels):
        raise ManifestError(f"{MANIFEST_PATH}: labels must be there, and each only once.")
