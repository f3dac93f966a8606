"""Draws docs/results.png from a running service: `python -m docs.results http://127.0.0.1:8080`."""

import io
import json
import random
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import requests
from PIL import Image

from tests.support.pens import pen

HERE = Path(__file__).parent


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def main(url: str) -> None:
    labels = ",".join(str(at % 10) for at in range(80))
    grid = requests.get(
        f"{url}/generate/digits-gan", {"count": 80, "seed": 2, "labels": labels, "format": "npy"}, timeout=30
    )
    samples = np.load(io.BytesIO(grid.content))
    pens = [pen(digit, random.Random(digit)) for digit in range(10)]
    files = [("image", (f"{digit}.png", _png(image), "image/png")) for digit, image in enumerate(pens)]
    read = requests.post(f"{url}/predict/digits", files=files, timeout=30).json()["predictions"]
    manifest = max((HERE.parent / "models/cats-dogs").glob("*/assets.extra/servable.json"))
    test = json.loads(manifest.read_text())["facts"]["test"]

    figure = plt.figure(figsize=(13, 4.4), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=[4, 5, 3])
    left.suptitle("drawn by digits-gan, asked for 0 to 9")
    sheet = np.concatenate([np.concatenate(list(row), 1) for row in samples.reshape(8, 10, 28, 28)])
    left.subplots().imshow(255 - sheet, cmap="gray")
    left.axes[0].axis("off")
    middle.suptitle("pen digits, as sent, and what digits reads")
    for panel, image, said in zip(middle.subplots(2, 5).ravel(), pens, read, strict=True):
        panel.imshow(image, cmap="gray")
        panel.set_title(f"{said['label']} ({said['probability']:.0%})", fontsize=10)
        panel.axis("off")
    right.suptitle(f"cats-dogs, {test['images']} photographs")
    panel = right.subplots()
    panel.imshow(test["confusion"], cmap="Blues", vmax=1400)
    for (true, said), count in np.ndenumerate(np.array(test["confusion"])):
        panel.text(said, true, str(count), ha="center", va="center")
    panel.set_xticks([0, 1], ["said cat", "said dog"])
    panel.set_yticks([0, 1], ["a cat", "a dog"])
    figure.savefig(HERE / "results.png", dpi=80)


main(sys.argv[1])
