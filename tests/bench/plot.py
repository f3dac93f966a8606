"""Draws the results: each metric against its target, and the curves of how cost grows."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from tests.bench.report import Curve, Metric, Results

MET_COLOR, MISSED_COLOR = "tab:green", "tab:red"


def draw_results(results: Results, path: Path) -> None:
    with_target = [metric for metric in results.metrics if metric.is_met is not None]
    rows = (1 if with_target else 0) + (len(results.curves) + 2) // 3
    if not rows:
        return
    figure = plt.figure(figsize=(15, 5 + 3.6 * (rows - 1)), layout="constrained")
    grid = figure.add_gridspec(rows, 3)
    if with_target:
        _draw_bars(figure.add_subplot(grid[0, :]), with_target)
    for index, curve in enumerate(results.curves, 3 if with_target else 0):
        _draw_curve(figure.add_subplot(grid[index // 3, index % 3]), curve)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _draw_bars(axes: Axes, metrics: list[Metric]) -> None:
    """How many times better than its target each metric is: right of 1 it is met. Whiskers are minimum and maximum."""
    for row, metric in enumerate(metrics):
        margins = sorted(_compute_margin(metric, value) for value in metric.values)
        color = MET_COLOR if metric.is_met else MISSED_COLOR
        axes.barh(row, _compute_margin(metric, metric.median) - 1, left=1, color=color)
        axes.plot([margins[0], margins[-1]], [row, row], color="black", marker="|", linewidth=1)
    axes.set_yticks(range(len(metrics)), [f"{metric.name} ({metric.target})" for metric in metrics])
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlim(0, 3)
    axes.set_xlabel("times better than the target (median; whiskers: worst and best round)")
    axes.invert_yaxis()


def _compute_margin(metric: Metric, value: float) -> float:
    """At most 3, so that one metric does not flatten the others. A maximum of zero has no ratio: 1 if met, else 0."""
    if metric.minimum is not None:
        return min(3.0, value / metric.minimum)
    assert metric.maximum is not None
    if not value:
        return 3.0 if metric.maximum else 1.0
    return min(3.0, metric.maximum / value)


def _draw_curve(axes: Axes, curve: Curve) -> None:
    positions = list(curve.points)
    rates = [point.get("rows_rate", point["rate"]) for point in curve.points.values()]
    axes.plot(positions, rates, marker="o")
    axes.set_ylabel("rows/s" if "rows_rate" in curve.points[positions[0]] else "requests/s", color="tab:blue")
    axes.set_ylim(bottom=0)
    if positions[-1] > 8:
        axes.set_xscale("log", base=2)
    axes.set_xticks(positions, [str(position) for position in positions])
    axes.set_xlabel(curve.axis)
    axes.set_title(curve.name, fontsize=10)
    p99_axes = axes.twinx()
    p99_axes.plot(positions, [point["p99_ms"] for point in curve.points.values()], color="tab:red", marker="s")
    p99_axes.set_ylabel("p99, ms", color="tab:red")
    p99_axes.set_yscale("log")
