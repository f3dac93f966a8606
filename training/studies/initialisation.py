"""mnist-mlp started with weights of variance 2/n, 4/n, 10/n and 20/n, and with uniform ones.

The wide ones are tried twice: as they are, and with a ReLU on the outputs as well, where an output that starts below
zero for every image never learns.
"""

from pathlib import Path
from typing import Any

from training import plots
from training.recipes.loading import load_recipe
from training.studies.tools import variants

VARIANTS = {
    "variance 2/n": ["net.variance=2"],
    "variance 4/n": ["net.variance=4"],
    "variance 10/n": ["net.variance=10"],
    "variance 20/n": ["net.variance=20"],
    "variance 10/n, outputs rectified": ["net.variance=10", "net.rectified=true"],
    "variance 20/n, outputs rectified": ["net.variance=20", "net.rectified=true"],
    "uniform, 0.05 either way": ["net.initialiser=uniform", "net.spread=0.05"],
}
POST = {"variance 2/n": "97.9%", "variance 4/n": "about as 2/n", "variance 10/n": "88%", "variance 20/n": "77%"}


def conduct(place: Path, quick: bool) -> None:
    variants.conduct(place, load_recipe("mnist-mlp", ["epochs=4"] if quick else [], quick), VARIANTS)


def tell(results: Any, pictures: Path) -> list[str]:
    plots.draw_histories(results, ["loss", "val_accuracy"], pictures / "initialisation.png", logarithmic=["loss"])
    return [
        *plots.format_table(
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
        f"{results[0]['epochs']} epochs each. Unlike in the post, a wide start does little harm here.",
        *_explain(results),
        "",
        "![loss and accuracy by first weights](training/initialisation.png)",
    ]


def _explain(results: Any) -> list[str]:
    if not any("rectified" in each["label"] for each in results):
        return []
    return [
        "",
        "With a ReLU on the outputs as well it does much: an image whose own class is below zero there, where a ReLU "
        "is flat, cannot pull it up, so some digits are learned late or never, and which ones is up to the seed. The "
        "post's net may have had one: its 88% and 77% are about what one or two lost digits of ten leave.",
    ]
