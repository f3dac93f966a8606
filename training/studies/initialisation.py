"""mnist-mlp started with weights of variance 2/n, 4/n, 10/n and 20/n, and with uniform ones."""

from pathlib import Path
from typing import Any

from training import plots, recipe, variants

VARIANTS = {
    "variance 2/n": ["net.variance=2"],
    "variance 4/n": ["net.variance=4"],
    "variance 10/n": ["net.variance=10"],
    "variance 20/n": ["net.variance=20"],
    "uniform, 0.05 either way": ["net.initialiser=uniform", "net.spread=0.05"],
}
POST = {"variance 2/n": "97.9%", "variance 4/n": "about as 2/n", "variance 10/n": "88%", "variance 20/n": "77%"}


def conduct(place: Path, quick: bool) -> None:
    epochs = [] if quick else ["epochs=20"]
    variants.conduct(place, recipe.load("mnist-mlp", epochs, quick), VARIANTS)


def tell(results: Any, pictures: Path) -> list[str]:
    plots.overlay(results, ["loss", "val_accuracy"], pictures / "initialisation.png", logarithmic=["loss"])
    return [
        *plots.table(
            ["first weights", "test accuracy", "after the first epoch, on validation", "the post"],
            [
                [
                    each["label"],
                    f"{each['accuracy']:.2%}",
                    f"{each['rows'][0]['val_accuracy']:.1%}",
                    POST.get(each["label"], ""),
                ]
                for each in results
            ],
        ),
        "",
        "![loss and accuracy by first weights](training/initialisation.png)",
    ]
