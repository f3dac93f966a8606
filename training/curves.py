"""Loss and accuracy of a run, drawn as a PNG."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from training.history import Rows, turning_point


def draw(rows: Rows, title: str, path: Path, dpi: int = 100) -> None:
    """A panel a measure, training and validation in each; where validation loss turns is marked."""
    measures = [name for name in rows[0] if name != "epoch" and not name.startswith("val_")]
    figure, panels = plt.subplots(1, len(measures), figsize=(5 * len(measures), 4), squeeze=False)
    for panel, measure in zip(panels[0], measures, strict=True):
        epochs = [row["epoch"] + 1 for row in rows]
        panel.plot(epochs, [row[measure] for row in rows], label="training")
        if f"val_{measure}" in rows[0]:
            panel.plot(epochs, [row[f"val_{measure}"] for row in rows], label="validation")
            panel.axvline(turning_point(rows), color="grey", linestyle=":", label="lowest validation loss")
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.set_title(f"{title}: {measure}")
        panel.legend()
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=dpi)
    plt.close(figure)
