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


def conduct(place: Path, quick: bool) -> None:
    base = load_recipe("mnist-mlp", [*BASE, f"epochs={4 if quick else EPOCHS}"], quick)
    variants.conduct(place, base, VARIANTS)


def _epochs_to(rows: list[dict[str, float]], accuracy: float) -> str:
    return next((str(at + 1) for at, row in enumerate(rows) if row["val_accuracy"] >= accuracy), "never")


def tell(results: Any, pictures: Path) -> list[str]:
    plots.draw_histories(results, ["accuracy", "val_accuracy"], pictures / "losses.png")
    return [
        *plots.format_table(
            ["loss", "test accuracy", "validation after epoch 1", "epochs to 95% on validation"],
            [
                [
                    each["label"],
                    f"{each['accuracy']:.2%}",
                    f"{each['rows'][0]['val_accuracy']:.2%}",
                    _epochs_to(each["rows"], 0.95),
                ]
                for each in results
            ],
        ),
        "",
        f"{results[0]['epochs']} epochs each, as in the post.",
        "",
        "![accuracy by loss](training/losses.png)",
    ]
