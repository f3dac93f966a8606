"""The images that a classifier gets most wrong, as one sheet: a PNG in the run's folder and an image in TensorBoard."""

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training import plots
from training.data import Dataset, Split
from training.run import Run

COLUMNS, ROWS = 8, 3


def find_worst(scores: NDArray[np.float64], labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Indices of the wrong answers, the surest of them first; `scores` are logits [N,K]."""
    lead = scores.max(axis=1) - scores[np.arange(len(labels)), labels]  # 0 where the answer is right
    return np.argsort(-lead, kind="stable")[: min(count, int((lead > 0).sum()))]


def save_mistakes(scores: NDArray[np.float64], data: Dataset, run: Run) -> None:
    """`mistakes.png`, from logits for the validation split: the test set is not for looking at."""
    split = data.validation
    chosen = find_worst(scores, split.labels, COLUMNS * ROWS)
    _draw(split, chosen, [data.classes[said] for said in scores[chosen].argmax(axis=1)], data, run)
    writer = tf.summary.create_file_writer(str(run.folder / "tensorboard" / "mistakes"))
    with writer.as_default(step=len(run.rows())):
        tf.summary.image("mistakes on validation images", tf.io.decode_png((run.mistakes).read_bytes(), 3)[None])
    writer.close()


def _draw(split: Split, chosen: NDArray[np.int64], said: list[str], data: Dataset, run: Run) -> None:
    rows = max(1, -(-len(chosen) // COLUMNS))
    figure = Figure(figsize=(COLUMNS * 1.1, rows * 1.35 + 0.2))
    cells = figure.subplots(rows, COLUMNS, squeeze=False)
    for cell in cells.flat:
        cell.axis("off")
    for cell, index, answer in zip(cells.flat, chosen, said, strict=False):
        image = split.images(slice(index, index + 1))[0]
        cell.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
        cell.set_title(f"{data.classes[split.labels[index]]}, said {answer}", fontsize=7, pad=2)
    figure.suptitle(f"{run.recipe.name}: validation images misread, the surest mistakes first", fontsize=9)
    plots.save(figure, run.mistakes, dpi=80)
