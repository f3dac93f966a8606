"""Plots and tables of the report and of the studies: small PNGs, and Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.run import Rows, find_turning_point

DPI = 70
TITLES = {"loss": "training loss", "accuracy": "training accuracy"}


def format_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def save_figure(figure: Figure, path: Path, dpi: int = DPI) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=dpi)


def draw_histories(
    variants: list[dict[str, Any]], measures: list[str], path: Path, logarithmic: Sequence[str] = ()
) -> None:
    """One panel per measure, with one line per variant (`label`, and the `rows` of its history)."""
    figure = Figure(figsize=(5.5 * len(measures), 4))
    panels = figure.subplots(1, len(measures), squeeze=False)
    for panel, measure in zip(panels[0], measures, strict=True):
        for variant in variants:
            rows = variant["rows"]
            panel.plot(range(1, len(rows) + 1), [row[measure] for row in rows], label=variant["label"])
        if measure in logarithmic:
            panel.set_yscale("log")
        panel.set_title(TITLES.get(measure, measure.replace("val_", "validation ")))
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
    panels[0, -1].legend(fontsize=7, framealpha=0.5)
    save_figure(figure, path)


def draw_confusion(counts: list[list[int]], classes: Sequence[str], title: str, path: Path) -> None:
    """Rows are the true classes, columns the predicted ones. The diagonal stays pale, so that mistakes stand out."""
    mistakes = np.array(counts, float)
    np.fill_diagonal(mistakes, 0)
    figure = Figure(figsize=(4.5, 4.2) if len(classes) > 2 else (2.8, 2.6))
    panel = figure.subplots()
    panel.imshow(mistakes, cmap="Reds")
    for true, row in enumerate(counts):
        for predicted, count in enumerate(row):
            colour = "white" if mistakes[true, predicted] > mistakes.max() * 0.6 else "black"
            panel.text(predicted, true, str(count or ""), ha="center", va="center", fontsize=7, color=colour)
    panel.set_xticks(range(len(classes)), classes)
    panel.set_yticks(range(len(classes)), classes)
    panel.set(xlabel="predicted", ylabel="true")
    panel.set_title(title, fontsize=9)
    save_figure(figure, path)


def draw_intervals(
    groups: dict[str, list[tuple[float, float, float]]], ticks: Sequence[str], title: str, path: Path
) -> None:
    """One line per group through one point (middle, low, high) per tick. The second axis is logarithmic."""
    figure = Figure(figsize=(6, 4))
    panel = figure.subplots()
    for shift, (label, points) in zip(np.linspace(-0.08, 0.08, len(groups)), groups.items(), strict=True):
        middle, low, high = np.array(points).T
        panel.errorbar(
            np.arange(len(ticks)) + shift, middle, [middle - low, high - middle], fmt="o-", capsize=3, label=label
        )
    panel.set_xticks(range(len(ticks)), ticks)
    panel.set_yscale("log")
    panel.set_title(title, fontsize=9)
    panel.legend()
    panel.grid(alpha=0.3)
    save_figure(figure, path)


def draw_scatter(groups: dict[str, list[tuple[float, float]]], axes: tuple[str, str], title: str, path: Path) -> None:
    """Points by group. The first axis is logarithmic."""
    figure = Figure(figsize=(6, 4))
    panel = figure.subplots()
    for label, points in groups.items():
        panel.scatter([x for x, _ in points], [y for _, y in points], label=label, alpha=0.8)
    panel.set_xscale("log")
    panel.set(xlabel=axes[0], ylabel=axes[1])
    panel.set_title(title, fontsize=9)
    panel.legend(fontsize=8)
    panel.grid(alpha=0.3)
    save_figure(figure, path)


def draw_curves(rows: Rows, title: str, path: Path, dpi: int = 100) -> None:
    """One panel per measure, for training and validation. The lowest validation loss is marked."""
    measures = [name for name in rows[0] if name != "epoch" and not name.startswith("val_")]
    figure = Figure(figsize=(5 * len(measures), 4))
    panels = figure.subplots(1, len(measures), squeeze=False)
    for panel, measure in zip(panels[0], measures, strict=True):
        epochs = [row["epoch"] + 1 for row in rows]
        panel.plot(epochs, [row[measure] for row in rows], label="training")
        if f"val_{measure}" in rows[0]:
            panel.plot(epochs, [row[f"val_{measure}"] for row in rows], label="validation")
            panel.axvline(find_turning_point(rows), color="grey", linestyle=":", label="lowest validation loss")
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.set_title(f"{title}: {measure}")
        panel.legend()
        panel.grid(alpha=0.3)
    save_figure(figure, path, dpi)
