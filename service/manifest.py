"""`assets.extra/servable.json`: what a servable says of itself, for machines."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from service.images import TREATMENTS

NAME = Path("assets.extra") / "servable.json"


class ManifestError(Exception):
    """The file is there but does not hold together."""


class ImageInput(msgspec.Struct, frozen=True):
    """The images that a net takes or makes; `treatment` is the geometry that brings any picture to this form."""

    height: int
    width: int
    channels: int
    treatment: str


class Manifest(msgspec.Struct, frozen=True):
    """A classifier's `labels` name its classes in order; a generator's name what it can be asked for.

    `facts` is everything else that training wrote (recipe, data, figures), passed on as it is.
    """

    name: str
    kind: Literal["classifier", "generator"]
    labels: tuple[str, ...]
    image: ImageInput
    facts: dict[str, Any] = {}


def read(version_dir: Path) -> Manifest | None:
    """The manifest of a version; None if it has none. Raises ManifestError."""
    path = version_dir / NAME
    if not path.exists():
        return None
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ManifestError(f"{NAME}: {error}") from None
    if manifest.image.treatment not in TREATMENTS:
        raise ManifestError(f"{NAME}: there is no treatment '{manifest.image.treatment}'.")
    return manifest
