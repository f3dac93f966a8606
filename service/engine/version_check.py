"""What a version must fulfil, beyond that it loads, before it may take over."""

import re
from collections.abc import Mapping
from pathlib import Path

from service.engine.servable import Servable
from service.hardware import measure_free_memory
from service.manifest import Manifest, ManifestError, read_manifest

_MEMORY_FACTOR = 2  # of the size of its files: the variables as they are read and as they are held
_MAX_LINE = 4096  # characters of an error that are looked at
_FOLDERS = re.compile(r"""(?<![\w./])/+(?:[^\s/'"<>{}()\[\]:;,]+/+)*(?=[\w.])""")  # of an absolute path


class Refused(Exception):
    """A version may not serve; the text is a sentence for its operator.

    `reason` is the metric's label. With `final` it is not tried again before its files change.
    """

    def __init__(self, reason: str, sentence: str, final: bool = True) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.final = final


def explain(error: Exception, version_dir: Path) -> Refused:
    """Whatever kept a version from loading, as a refusal of one line that tells no path of this machine."""
    if isinstance(error, Refused):
        return error
    lines = str(error).strip().splitlines() or [type(error).__name__]
    line = next((line.strip() for line in lines if line.strip() and not line.endswith(":")), lines[0])  # no heading
    line = _hide_paths(line[:_MAX_LINE], version_dir)[:300]
    reason = "manifest" if isinstance(error, ManifestError) else "load"
    return Refused(reason, line.encode(errors="backslashreplace").decode())


def _hide_paths(text: str, version_dir: Path) -> str:
    """Paths in the version begin with the model's name, of others only the last part stays: clients read this."""
    for folder in (version_dir.absolute(), version_dir.resolve(), version_dir):
        text = text.replace(str(folder), f"{version_dir.parent.name}/{version_dir.name}")
    return _FOLDERS.sub("", text)


def check_kind(number: int, folders: Mapping[int, Path]) -> None:
    """Refuses a version without a manifest, or of another kind, where an older one has a manifest.

    It goes by what is on disk, so that every engine that looks there decides the same, also after a restart.
    """
    manifest = read_manifest(folders[number])
    for older in sorted(folder for folder in folders if folder < number):
        try:
            reference = read_manifest(folders[older])
        except ManifestError:
            continue
        if reference is not None:
            _compare_kinds(manifest, reference, older)
            return


def _compare_kinds(manifest: Manifest | None, reference: Manifest, older: int) -> None:
    kind = "has no servable.json" if manifest is None else f"is a {manifest.kind}"
    if manifest is None or manifest.kind != reference.kind:
        raise Refused("kind", f"It {kind}, and version {older} is a {reference.kind}.", final=False)


def check_same_manifest(old: Manifest | None, version_dir: Path) -> None:
    """Refuses files in a version's place that answer something else: a worker knows its labels by its number."""
    new = read_manifest(version_dir)
    if (old is None) != (new is None) or (old and new and _summarise(old) != _summarise(new)):
        raise Refused("changed", "Its servable.json was changed in place: give the new files a new number.")


def _summarise(manifest: Manifest) -> tuple[object, ...]:
    return manifest.kind, manifest.labels, manifest.image


def check_same_signature(old: Servable, new: Servable) -> None:
    described = [{name: signature.describe() for name, signature in each.signatures.items()} for each in (old, new)]
    if described[0] != described[1] or old.default_signature != new.default_signature:
        raise Refused("changed", "Its signatures were changed in place: give the new files a new number.")


def check_memory(size: int, freed: int = 0) -> None:
    """Refuses a version of `size` bytes that would not fit once `freed` bytes of others are unloaded."""
    free = measure_free_memory()
    if _MEMORY_FACTOR * size > free + freed:
        sentence = f"It needs about {_format(_MEMORY_FACTOR * size)} of memory, and {_format(free + freed)} are free."
        raise Refused("memory", sentence, final=False)


def _format(size: float) -> str:
    return f"{size / (1 << 20):,.0f} MiB"
