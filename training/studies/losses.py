"""Mean squared error against cross-entropy: 784-1024-512-512-512-10, tanh, Adam 1e-4, batches of 128."""

from pathlib import Path
from typing import Any

from training import plots
from training.recipes.loading import load_recipe
from training.studies.tools import variants

BASE = [
    "net.widths=[1024, 512, 512, 512]",
    "net.activation=tanh",
    "net.initialiser=glorot_uniform",
    "optimiser.name=adam",
    "optimiser.learning_rate=1e-4",
    "batch_size=128",
]
EPOCHS = 30
VARIANTS = {"cross-entropy": ["loss=cross_entropy"], "mean squared error": ["loss=mean_squared_error"]}


def run_study(folder: Path, quick: bool) -> None:
    base = load_recipe("mnist-mlp", [*BASE, f"epochs={4 if quick else EPOCHS}"], quick)
    variants.compare_variants(folder, base, VARIANTS)


def _find_epoch(rows: list[dict[str, float]], accuracy: float) -> str:
    """The first epoch, counted from 1, with at least that validation accuracy."""
    return next((str(epoch) for epoch, row in enumerate(rows, 1) if row["val_accuracy"] >= accuracy), "never")


def render_section(results: Any, pictures: Path) -> list[str]:
    plots.draw_histories(results, ["accuracy", "val_accuracy"], pictures / "losses.png")
    return [
        *plots.format_table(
            ["loss", "test accuracy", "validation accuracy after epoch 1", "epochs to 95% validation accuracy"],
            [
                [
                    outcome["label"],
                    f"{outcome['accuracy']:.2%}",
                    f"{outcome['rows'][0]['val_accuracy']:.2%}",
                    _find_epoch(outcome["rows"], 0.95),
                ]
                for outcome in results
            ],
        ),
        "",
        f"{results[0]['epochs']} epochs each, as in the post.",
        "",
        "![accuracy by loss](training/losses.png)",
    ]
