"""The worst mistakes of a classifier as one sheet: a PNG in the run's folder and an image in TensorBoard."""

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training import plots
from training.data import Dataset
from training.run import Run

COLUMNS, ROWS = 8, 3


def find_worst(logits: NDArray[np.float64], labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Indices of at most `count` wrong predictions, the most confident first, from logits [N,K] and labels [N]."""
    margins = logits.max(axis=1) - logits[np.arange(len(labels)), labels]  # 0 for a correct prediction
    return np.argsort(-margins, kind="stable")[: min(count, int((margins > 0).sum()))]


def save_mistakes(logits: NDArray[np.float64], data: Dataset, run: Run) -> None:
    """Write `mistakes.png` from logits [N,K] of the validation images; nobody should look at the test set."""
    indices = find_worst(logits, data.validation.labels, COLUMNS * ROWS)
    _draw_sheet(data, indices, [data.classes[index] for index in logits[indices].argmax(axis=1)], run)
    writer = tf.summary.create_file_writer(str(run.folder / "tensorboard" / "mistakes"))
    with writer.as_default(step=len(run.load_history())):
        tf.summary.image("mistakes on validation images", tf.io.decode_png((run.mistakes).read_bytes(), 3)[None])
    writer.close()


def _draw_sheet(data: Dataset, indices: NDArray[np.int64], predictions: list[str], run: Run) -> None:
    split = data.validation
    rows = max(1, -(-len(indices) // COLUMNS))
    figure = Figure(figsize=(COLUMNS * 1.1, rows * 1.35 + 0.2))
    cells = figure.subplots(rows, COLUMNS, squeeze=False)
    for cell in cells.flat:
        cell.axis("off")
    for cell, index, prediction in zip(cells.flat, indices, predictions, strict=False):
        image = split.images(slice(index, index + 1))[0]
        cell.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
        cell.set_title(f"{data.classes[split.labels[index]]}, predicted {prediction}", fontsize=7, pad=2)
    figure.suptitle(f"{run.recipe.name}: misread validation images, the most confident mistakes first", fontsize=9)
    plots.save_figure(figure, run.mistakes, dpi=80)
