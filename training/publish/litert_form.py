"""Makes the LiteRT form of a version, measures it beside the SavedModel, and refuses one that is worse."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from service.litert import LITERT_PATH
from training.data import Dataset
from training.errors import PublishError
from training.evaluation.accuracy import compute_figures
from training.evaluation.figures import measure_generator, measure_robustness
from training.evaluation.gan_metrics import draw_samples
from training.evaluation.inference import RunModel, iterate_images, run_form, run_servable
from training.export.litert import NotConvertible, convert, quantise, write_form
from training.export.manifest import add_facts, read_manifest
from training.publish.kinds import flatten
from training.recipes.schema import Quantisation

_DRAWN = 2000  # samples that are compared pixel by pixel
_ROUNDING = 1e-9

Figures = dict[str, Any]


class Limit(NamedTuple):
    """How much worse the form may be than the SavedModel."""

    higher_is_better: bool
    decline: float


_LIMITS = {
    "accuracy": Limit(True, 0.0015),
    "ece": Limit(False, 0.005),
    "outliers": Limit(True, 0.005),
    "hands": Limit(True, 0.01),
    "photos": Limit(True, 0.01),
    "read_as_label": Limit(True, 0.002),
    "frechet": Limit(False, 0.02),
}
_MAX_CHANGES = {"probability": 0.004, "labels": 0.002, "grey_levels": 1}


def make_form(version_dir: Path, data: Dataset, quantisation: Quantisation, judge_dir: Path | None = None) -> Figures:
    """Write the form into the version's folder and its figures into the manifest, as `litert`. Returns the figures.

    A form that is worse than the limits is not left there. `judge_dir` is the classifier that reads a generator's
    samples. A form cannot be made of every SavedModel: then `litert` says why not. Raises PublishError for one that is
    worse.
    """
    try:
        form = convert(version_dir)
    except NotConvertible as error:
        add_facts(version_dir, litert={"missing": str(error)})
        return {"missing": str(error)}
    if quantisation == "int8":
        form = quantise(form, data.train)
    write_form(version_dir, form)
    figures = _measure(version_dir, data, judge_dir) | {"quantisation": quantisation, "bytes": len(form)}
    if failures := find_failures(figures):
        (version_dir / LITERT_PATH).unlink()
        raise PublishError(f"The LiteRT form is too far from the SavedModel. {' '.join(failures)}")
    add_facts(version_dir, litert=figures)
    return figures


def _measure(version_dir: Path, data: Dataset, judge_dir: Path | None) -> Figures:
    """`saved_model` and `form`: figures on the same test data; `changes`: by how much their answers differ."""
    if read_manifest(version_dir).kind == "classifier":
        (saved_model, old), (form, new) = (
            _measure_classifier(version_dir, data, run) for run in (run_servable, run_form)
        )
        changes = {
            "probability": float(np.abs(old - new).mean()),
            "labels": float((old.argmax(axis=1) != new.argmax(axis=1)).mean()),
        }
    else:
        (saved_model, old), (form, new) = (
            _measure_generator(version_dir, data, judge_dir, run) for run in (run_servable, run_form)
        )
        changes = {"grey_levels": float(np.abs(old.astype(np.int16) - new).max())}
    return {"saved_model": saved_model, "form": form, "changes": changes}


def _measure_classifier(version_dir: Path, data: Dataset, run: RunModel) -> tuple[Figures, np.ndarray]:
    probabilities = run(version_dir, iterate_images(data.test))["probabilities"]
    figures = compute_figures(probabilities, data.test.labels)
    kept = {"accuracy": figures.accuracy, "ece": figures.ece}
    return kept | measure_robustness(version_dir, data, run), probabilities


def _measure_generator(
    version_dir: Path, data: Dataset, judge_dir: Path | None, run: RunModel
) -> tuple[Figures, np.ndarray]:
    images, _ = draw_samples(version_dir, _DRAWN, len(data.classes), run=run)
    if judge_dir is None:
        return {}, images
    figures = measure_generator(version_dir, judge_dir, data, run)
    return {name: figures[name] for name in ("read_as_label", "frechet")}, images


def find_failures(figures: Figures) -> list[str]:
    """A sentence for every figure by which the form is worse than it may be."""
    old, new = (flatten(figures[name]) for name in ("saved_model", "form"))
    failures = []
    for (name, kind), value in new.items():
        limit, before = _LIMITS[name], old[name, kind]
        decline = before - value if limit.higher_is_better else value - before
        if decline > limit.decline + _ROUNDING:
            title = f"{name}, {kind}" if kind else name
            failures.append(f"{title}: {value:.4f} after {before:.4f}; it may be worse by {limit.decline:g}.")
    for name, change in figures["changes"].items():
        if change > _MAX_CHANGES[name] + _ROUNDING:
            failures.append(f"Change of {name}: {change:.4f}; at most {_MAX_CHANGES[name]:g}.")
    return failures
