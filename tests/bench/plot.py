"""The benchmark as a picture: each line against its bar, and how cost grows."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from tests.bench.report import Curve, Found, Line

GOOD, BAD = "tab:green", "tab:red"


def draw(found: Found, path: Path) -> None:
    barred = [line for line in found.lines if line.holds is not None]
    rows = (1 if barred else 0) + (len(found.curves) + 2) // 3
    if not rows:
        return
    figure = plt.figure(figsize=(15, 5 + 3.6 * (rows - 1)), layout="constrained")
    grid = figure.add_gridspec(rows, 3)
    if barred:
        _bars(figure.add_subplot(grid[0, :]), barred)
    for at, curve in enumerate(found.curves, 3 if barred else 0):
        _curve(figure.add_subplot(grid[at // 3, at % 3]), curve)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _bars(axes: Axes, lines: list[Line]) -> None:
    """How many times better than its bar each line is: right of 1 it holds. Whiskers are the least and the greatest."""
    for at, line in enumerate(lines):
        margins = sorted(_margin(line, value) for value in line.values)
        axes.barh(at, _margin(line, line.median) - 1, left=1, color=GOOD if line.holds else BAD)
        axes.plot([margins[0], margins[-1]], [at, at], color="black", marker="|", linewidth=1)
    labels = [f"{line.name} ({'at least' if line.least is not None else 'at most'} {_limit(line):g})" for line in lines]
    axes.set_yticks(range(len(lines)), labels)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlim(0, 3)
    axes.set_xlabel("times better than its bar (median; whiskers: least and greatest round)")
    axes.invert_yaxis()


def _limit(line: Line) -> float:
    limit = line.least if line.least is not None else line.most
    assert limit is not None
    return limit


def _margin(line: Line, value: float) -> float:
    """At most 3, so that one line does not flatten the others; a bar of nothing is met by nothing."""
    if line.least is not None:
        return min(3.0, value / line.least)
    if not value:
        return 3.0 if _limit(line) else 1.0
    return min(3.0, _limit(line) / value)


def _curve(axes: Axes, curve: Curve) -> None:
    places = list(curve.points)
    rates = [point.get("rows_rate", point["rate"]) for point in curve.points.values()]
    axes.plot(places, rates, marker="o")
    axes.set_ylabel("rows/s" if "rows_rate" in curve.points[places[0]] else "requests/s", color="tab:blue")
    axes.set_ylim(bottom=0)
    if places[-1] > 8:
        axes.set_xscale("log", base=2)
    axes.set_xticks(places, [str(place) for place in places])
    axes.set_xlabel(curve.axis)
    axes.set_title(curve.name, fontsize=10)
    other = axes.twinx()
    other.plot(places, [point["p99_ms"] for point in curve.points.values()], color="tab:red", marker="s")
    other.set_ylabel("p99, ms", color="tab:red")
    other.set_yscale("log")
