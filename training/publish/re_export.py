"""Makes a candidate of a published version's own weights, with the signatures that exports have today."""

from pathlib import Path

import numpy as np
from msgspec.structs import replace

from service.manifest import write_manifest
from training.data import Dataset
from training.data.dataset import evenly_spaced
from training.errors import PublishError
from training.evaluation.inference import Arrays, batch_inputs, run_servable
from training.export.frozen_graph import load_frozen
from training.export.manifest import add_facts, read_manifest
from training.export.saved_model import write_frozen
from training.publish.publish import match_image_size, measure_fast

TOLERANCE = 1e-5
ROWS = 500  # that both versions are compared on


def re_export(version_dir: Path, data: Dataset, candidate: Path) -> Path:
    """Write the candidate, which answers as the version does, and measure it. Returns its folder.

    Its figures are measured again, but for those that take minutes and that equal answers cannot change. Raises
    PublishError if its answers differ.
    """
    write_frozen(load_frozen(version_dir), candidate)
    manifest = read_manifest(version_dir)
    facts = manifest.facts | {"weights_of": f"{version_dir.parent.name} version {version_dir.name}"}
    write_manifest(candidate, replace(manifest, facts=facts))
    difference = _compare_answers(version_dir, candidate, data)
    if difference > TOLERANCE:
        raise PublishError(f"{candidate} does not answer as {version_dir}: outputs differ by up to {difference:g}.")
    add_facts(candidate, test=facts.get("test", {}) | measure_fast(candidate, data))
    return candidate


def _compare_answers(version_dir: Path, candidate: Path, data: Dataset) -> float:
    """The largest difference between outputs of the two."""
    inputs = _make_inputs(version_dir, match_image_size(version_dir, data))
    old, new = (run_servable(folder, batch_inputs(**inputs)) for folder in (version_dir, candidate))
    return max(float(np.abs(old[name].astype(np.float64) - new[name]).max()) for name in old)


def _make_inputs(version_dir: Path, data: Dataset) -> Arrays:
    if read_manifest(version_dir).kind == "classifier":
        return {"images": data.test.images(evenly_spaced(data.test, ROWS))}
    seeds = np.arange(ROWS, dtype=np.int64)
    labels = (seeds % (len(data.classes) + 1) - 1).astype(np.int32)
    return {"seeds": seeds, "labels": labels, "truncation": np.linspace(0.1, 1.0, ROWS, dtype=np.float32)}
