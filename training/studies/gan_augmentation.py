"""A classifier trained on real digits, on generated ones and on both: AUC at 100, 1,000 and 10,000 real digits.

The generator is the published `digits-gan`, which has seen all of MNIST's training images: with few real digits, what
it adds is knowledge of the others, which a person with only those few would not have.
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


def conduct(place: Path, quick: bool) -> None:
    amounts, seeds, steps = ((100, 400), (1, 2), 60) if quick else ((100, 1000, 10_000), (1, 2, 3), 500)
    base = load_recipe("mnist-cnn", [*NET, "epochs=1", f"steps={steps}"], quick)
    data = pipeline.load_data(base)
    made = _draw_digits(max(amounts), data)
    file = place / "scores.json"
    scores: dict[str, float] = store.load(file, {})
    for amount, kind, seed in product(amounts, KINDS, seeds):
        key = f"{kind} {amount} {seed}"
        if key not in scores:
            mixture = replace(data, train=_mixture(kind, amount, seed, data.train, made))
            scores[key] = _auc(with_overrides(base, base.name, [f"seed={seed}"]), mixture)
            print(f"{key}: {scores[key]:.4f}", flush=True)
            store.save(file, scores)
    found = {kind: {a: [scores[f"{kind} {a} {seed}"] for seed in seeds] for a in amounts} for kind in KINDS}
    store.save(place / "results.json", found)


def _draw_digits(count: int, data: Dataset) -> Split:
    """Digits of seeds that no test of the generator uses, as many of each label."""
    version = find_newest_version("digits-gan")
    if version is None:
        raise PublishError("The digits come from the published 'digits-gan': publish that first.")
    return Split.of(*draw_samples(version, count, len(data.classes), first_seed=10**6))


def _mixture(kind: str, amount: int, seed: int, real: Split, made: Split) -> Split:
    """`amount` real digits, as many generated ones, or both together."""
    rng = np.random.default_rng(seed)
    some, drawn = (split.select(rng.permutation(len(split))[:amount]) for split in (real, made))
    if kind == "real":
        return some
    if kind == "generated":
        return drawn
    return Split.of(np.concatenate([some.images(), drawn.images()]), np.concatenate([some.labels, drawn.labels]))


def _auc(plan: Recipe, data: Dataset) -> float:
    """Area under the ROC curve on the test set, each class against the rest, their mean."""
    keras.utils.set_random_seed(plan.seed)
    model = compile_model(plan, data)
    model.fit(training_batches(data, plan, 0), steps_per_epoch=steps_per_epoch(data, plan), shuffle=False, verbose=0)
    scores = predict_logits(model, data.test)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return float(roc_auc_score(data.test.labels, shares, multi_class="ovr", average="macro"))


def interval(found: list[float]) -> tuple[float, float, float]:
    """(mean, low, high): Student's 95% interval over the seeds."""
    middle = float(np.mean(found))
    low, high = stats.t.interval(0.95, len(found) - 1, middle, stats.sem(found))
    return middle, float(low), float(high)


def tell(results: Any, pictures: Path) -> list[str]:
    amounts = list(results["real"])
    points = {kind: [interval(results[kind][amount]) for amount in amounts] for kind in KINDS}
    missing = {
        kind: [(1 - m, max(1 - high, 1e-5), 1 - low) for m, low, high in found] for kind, found in points.items()
    }
    title = "what macro AUC on MNIST's test set lacks of 1, by number of real digits"
    plots.draw_intervals(missing, amounts, title, pictures / "gan-augmentation.png")
    return [
        *plots.format_table(
            ["real digits", *KINDS],
            [
                [
                    amount,
                    *(
                        f"{m:.4f} ({low:.4f} to {min(high, 1):.4f})"
                        for m, low, high in (points[kind][at] for kind in KINDS)
                    ),
                ]
                for at, amount in enumerate(amounts)
            ],
        ),
        "",
        "Each figure is a mean over three seeds with its 95% interval; `generated` trains on as many generated digits "
        "as the row has real ones, `mixed` on both; all take the same number of steps. The generator has seen all of "
        "MNIST's training images, so what it adds to few real digits is knowledge of the others.",
        "",
        f"Highest mean: {', '.join(_best(points, at) + f' at {amount}' for at, amount in enumerate(amounts))} real "
        "digits. The post got 0.99 with real ones only, and its best with both.",
        "",
        "![what AUC lacks of 1, by number of real digits](training/gan-augmentation.png)",
    ]


def _best(points: dict[str, list[tuple[float, float, float]]], at: int) -> str:
    return max(KINDS, key=lambda kind: points[kind][at][0])
