"""784-256-64-32-16-10 without batch norm, with it after the activation, and before a LeakyReLU."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from training import plots
from training.recipes.loading import load_recipe
from training.studies.tools import variants

BASE = ["net.widths=[256, 64, 32, 16]", "net.initialiser=he_normal", "batch_size=256"]
VARIANTS = {
    "A: ReLU": [],
    "B: batch norm after ReLU": ["net.batch_norm=after"],
    "C: batch norm before LeakyReLU": ["net.batch_norm=before", "net.activation=leaky_relu"],
}


def run_study(folder: Path, quick: bool) -> None:
    epochs = ["epochs=6"] if quick else ["epochs=100"]
    variants.compare_variants(folder, load_recipe("mnist-dense", [*BASE, *epochs], quick), VARIANTS)


def compute_loss_change(rows: list[dict[str, float]]) -> float:
    """Mean absolute change of the validation loss from one epoch to the next, without the first tenth of the epochs."""
    losses = [row["val_loss"] for row in rows[len(rows) // 10 :]]
    return float(np.mean([abs(after - before) for before, after in pairwise(losses)]))


def render_section(results: Any, pictures: Path) -> list[str]:
    plots.draw_histories(results, ["val_loss", "val_accuracy"], pictures / "batch-norm.png")
    return [
        *plots.format_table(
            ["net", "test accuracy", "lowest validation loss", "last validation loss", "mean change per epoch"],
            [
                [
                    outcome["label"],
                    f"{outcome['accuracy']:.2%}",
                    f"{min(row['val_loss'] for row in outcome['rows']):.3f}",
                    f"{outcome['rows'][-1]['val_loss']:.3f}",
                    f"{compute_loss_change(outcome['rows']):.4f}",
                ]
                for outcome in results
            ],
        ),
        "",
        _describe_steadiness([compute_loss_change(outcome["rows"]) for outcome in results]),
        "",
        "![validation loss and accuracy by place of batch norm](training/batch-norm.png)",
    ]


def _describe_steadiness(loss_changes: list[float]) -> str:
    """`loss_changes` are those of the net without batch norm, then of the nets with it."""
    without, *with_norm = loss_changes
    finding = "As in the post, both" if max(with_norm) < without else "Unlike in the post, not both"
    return (
        f"{finding} nets with batch norm are steadier than the one without: the last column is the mean change of the "
        "validation loss from one epoch to the next, after the first tenth of the epochs."
    )
