"""A classifier trained on real digits, on generated ones and on both: AUC at 100, 1,000 and 10,000 real digits.

The generator is the published `digits-gan`, which was trained on all of MNIST's training images. So what it adds to few
real digits is knowledge of the other images. With only those few digits, nobody could train such a generator.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy import stats
from sklearn.metrics import roc_auc_score

from training import pipeline, plots
from training.data import Dataset, Split
from training.errors import PublishError
from training.evaluation.gan_metrics import draw_samples
from training.export.temperature import predict_logits
from training.fit.compile import compile_model
from training.input.pipeline import steps_per_epoch, training_batches
from training.model_store import find_newest_version
from training.recipes.loading import load_recipe, with_overrides
from training.recipes.schema import Recipe
from training.studies.tools import store

KINDS = ("real", "generated", "mixed")
NET = [
    "net.widths=[16, 32]",
    "net.kernel=3",
    "net.dense=[64]",
    "net.initialiser=he_normal",
    "optimiser.learning_rate=1e-3",
]

Interval = tuple[float, float, float]  # mean, low, high


def run_study(folder: Path, quick: bool) -> None:
    amounts, seeds, steps = ((100, 400), (1, 2), 60) if quick else ((100, 1000, 10_000), (1, 2, 3), 500)
    base = load_recipe("mnist-cnn", [*NET, "epochs=1", f"steps={steps}"], quick)
    data = pipeline.load_data(base)
    generated = _generate_digits(max(amounts), data)
    file = folder / "scores.json"
    scores: dict[str, float] = store.load(file, {})
    for amount, kind, seed in product(amounts, KINDS, seeds):
        key = f"{kind} {amount} {seed}"
        if key not in scores:
            selected = replace(data, train=_select_digits(kind, amount, seed, data.train, generated))
            scores[key] = _train_and_compute_auc(with_overrides(base, base.name, [f"seed={seed}"]), selected)
            print(f"{key}: {scores[key]:.4f}", flush=True)
            store.save(file, scores)
    results = {
        kind: {amount: [scores[f"{kind} {amount} {seed}"] for seed in seeds] for amount in amounts} for kind in KINDS
    }
    store.save(folder / "results.json", results)


def _generate_digits(count: int, data: Dataset) -> Split:
    """`count` samples, equally many per label, from seeds that no test of the generator uses. Raises PublishError."""
    version_dir = find_newest_version("digits-gan")
    if version_dir is None:
        raise PublishError("The study uses digits of the published 'digits-gan': publish it first.")
    return Split.of(*draw_samples(version_dir, count, len(data.classes), first_seed=10**6))


def _select_digits(kind: str, amount: int, seed: int, real: Split, generated: Split) -> Split:
    """`amount` random real digits, as many generated ones, or both together."""
    rng = np.random.default_rng(seed)
    real, generated = (split.select(rng.permutation(len(split))[:amount]) for split in (real, generated))
    if kind == "real":
        return real
    if kind == "generated":
        return generated
    images = np.concatenate([real.images(), generated.images()])
    return Split.of(images, np.concatenate([real.labels, generated.labels]))


def _train_and_compute_auc(recipe: Recipe, data: Dataset) -> float:
    """The area under the ROC curve on the test set: the mean over the classes, each against all others."""
    keras.utils.set_random_seed(recipe.seed)
    model = compile_model(recipe, data)
    batches = training_batches(data, recipe, 0)
    model.fit(batches, steps_per_epoch=steps_per_epoch(data, recipe), shuffle=False, verbose=0)
    logits = predict_logits(model, data.test)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return float(roc_auc_score(data.test.labels, probabilities, multi_class="ovr", average="macro"))


def compute_interval(scores: list[float]) -> Interval:
    """(mean, low, high): Student's 95% interval over the seeds."""
    mean = float(np.mean(scores))
    low, high = stats.t.interval(0.95, len(scores) - 1, mean, stats.sem(scores))
    return mean, float(low), float(high)


def render_section(results: Any, pictures: Path) -> list[str]:
    amounts = list(results["real"])
    intervals = {kind: [compute_interval(results[kind][amount]) for amount in amounts] for kind in KINDS}
    _draw_gaps(intervals, amounts, pictures / "gan-augmentation.png")
    best_kinds = [max(KINDS, key=lambda kind: intervals[kind][row][0]) for row in range(len(amounts))]
    return [
        *plots.format_table(
            ["real digits", *KINDS],
            [
                [amount, *(_format_interval(intervals[kind][row]) for kind in KINDS)]
                for row, amount in enumerate(amounts)
            ],
        ),
        "",
        "Each figure is a mean over three seeds with its 95% interval. `generated` trains on as many generated digits "
        "as the row has real ones, `mixed` on both. All take the same number of steps. The generator was trained on "
        "all of MNIST's training images, so what it adds to few real digits is knowledge of the others.",
        "",
        f"Highest mean: {', '.join(f'{kind} at {amount}' for kind, amount in zip(best_kinds, amounts, strict=True))} "
        "real digits. The post got 0.99 with real ones only, and its best with both.",
        "",
        "![1 - AUC, by number of real digits](training/gan-augmentation.png)",
    ]


def _format_interval(interval: Interval) -> str:
    mean, low, high = interval
    return f"{mean:.4f} ({low:.4f} to {min(high, 1):.4f})"


def _draw_gaps(intervals: dict[str, list[Interval]], amounts: list[str], path: Path) -> None:
    """1 - AUC, which a logarithmic axis can show: every AUC here is close to 1."""
    gaps = {
        kind: [(1 - mean, max(1 - high, 1e-5), 1 - low) for mean, low, high in row] for kind, row in intervals.items()
    }
    plots.draw_intervals(gaps, amounts, "1 - macro AUC on MNIST's test set, by number of real digits", path)
