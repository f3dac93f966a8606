"""mnist-mlp started with weights of variance 2/n, 4/n, 10/n and 20/n, and with uniform ones.

The two largest variances are also tried with a ReLU on the outputs. An output that starts below zero for every image
then never learns.
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


def run_study(folder: Path, quick: bool) -> None:
    variants.compare_variants(folder, load_recipe("mnist-mlp", ["epochs=4"] if quick else [], quick), VARIANTS)


def render_section(results: Any, pictures: Path) -> list[str]:
    plots.draw_histories(results, ["loss", "val_accuracy"], pictures / "initialisation.png", logarithmic=["loss"])
    return [
        *plots.format_table(
            ["initial weights", "test accuracy", "validation accuracy after epoch 1", "the post"],
            [
                [
                    outcome["label"],
                    f"{outcome['accuracy']:.2%}",
                    f"{outcome['rows'][0]['val_accuracy']:.1%}",
                    POST.get(outcome["label"], ""),
                ]
                for outcome in results
            ],
        ),
        "",
        f"{results[0]['epochs']} epochs each. Unlike in the post, a large variance does little harm here.",
        *_explain_rectified(results),
        "",
        "![loss and accuracy by initial weights](training/initialisation.png)",
    ]


def _explain_rectified(results: Any) -> list[str]:
    if not any("rectified" in outcome["label"] for outcome in results):
        return []
    return [
        "",
        "With a ReLU on the outputs it does much harm. Where the output of an image's own class is below zero, the "
        "ReLU is flat, and the image cannot raise that output. So some digits are learned late or never, and the seed "
        "decides which. The post's net may have had such a ReLU: its 88% and 77% are about what is left when one or "
        "two of ten digits are lost.",
    ]
