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


def conduct(place: Path, quick: bool) -> None:
    epochs = ["epochs=6"] if quick else ["epochs=100"]
    variants.conduct(place, load_recipe("mnist-dense", [*BASE, *epochs], quick), VARIANTS)


def unsteadiness(rows: list[dict[str, float]]) -> float:
    """Mean change of the validation loss from one epoch to the next, after the first tenth."""
    losses = [row["val_loss"] for row in rows[len(rows) // 10 :]]
    return float(np.mean([abs(after - before) for before, after in pairwise(losses)]))


def tell(results: Any, pictures: Path) -> list[str]:
    plots.draw_histories(results, ["val_loss", "val_accuracy"], pictures / "batch-norm.png")
    return [
        *plots.format_table(
            ["net", "test accuracy", "lowest validation loss", "last validation loss", "change an epoch"],
            [
                [
                    each["label"],
                    f"{each['accuracy']:.2%}",
                    f"{min(row['val_loss'] for row in each['rows']):.3f}",
                    f"{each['rows'][-1]['val_loss']:.3f}",
                    f"{unsteadiness(each['rows']):.4f}",
                ]
                for each in results
            ],
        ),
        "",
        _verdict([unsteadiness(each["rows"]) for each in results]),
        "",
        "![validation loss and accuracy by place of batch norm](training/batch-norm.png)",
    ]


def _verdict(changes: list[float]) -> str:
    without, *normed = changes
    seen = "As in the post, both" if max(normed) < without else "Unlike in the post, not both"
    return (
        f"{seen} nets with batch norm are steadier than the one without: the last column is how far the validation "
        "loss moves from one epoch to the next, once the first tenth of them is over."
    )
