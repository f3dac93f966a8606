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

from tests.support.handwriting import draw_digit

FOLDER = Path(__file__).parent


def _encode_png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def main(url: str) -> None:
    labels = ",".join(str(index % 10) for index in range(80))
    response = requests.get(
        f"{url}/generate/digits-gan", {"count": 80, "seed": 2, "labels": labels, "format": "npy"}, timeout=30
    )
    samples = np.load(io.BytesIO(response.content))
    digits = [draw_digit(digit, random.Random(digit)) for digit in range(10)]
    files = [("image", (f"{digit}.png", _encode_png(image), "image/png")) for digit, image in enumerate(digits)]
    predictions = requests.post(f"{url}/predict/digits", files=files, timeout=30).json()["predictions"]
    versions = (FOLDER.parent / "models/cats-dogs").glob("*/assets.extra/servable.json")
    manifest = max(versions, key=lambda path: int(path.parts[-3]))
    test = json.loads(manifest.read_text())["facts"]["test"]

    figure = plt.figure(figsize=(13, 4.4), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=[4, 5, 3])
    left.suptitle("drawn by digits-gan, labels 0 to 9")
    sheet = np.concatenate([np.concatenate(list(row), 1) for row in samples.reshape(8, 10, 28, 28)])
    left.subplots().imshow(255 - sheet, cmap="gray")
    left.axes[0].axis("off")
    middle.suptitle("synthetic pen digits, and the answers of digits")
    for panel, image, prediction in zip(middle.subplots(2, 5).ravel(), digits, predictions, strict=True):
        panel.imshow(image, cmap="gray")
        panel.set_title(f"{prediction['label']} ({prediction['probability']:.0%})", fontsize=10)
        panel.axis("off")
    right.suptitle(f"cats-dogs, {test['images']} photographs")
    panel = right.subplots()
    panel.imshow(test["confusion"], cmap="Blues", vmax=1400)
    for (label, predicted), count in np.ndenumerate(np.array(test["confusion"])):
        panel.text(predicted, label, str(count), ha="center", va="center")
    panel.set_xticks([0, 1], ["predicted cat", "predicted dog"])
    panel.set_yticks([0, 1], ["cat", "dog"])
    figure.savefig(FOLDER / "results.png", dpi=80)


main(sys.argv[1])
