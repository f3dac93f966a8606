"""docs/autoscaling.png: a day with the chosen targets, for each kind of request."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tests.bench.autoscaling.candidates import Outcome

_PART = 300  # seconds per point


def draw_picture(outcomes: list[Outcome], path: Path) -> None:
    figure, axes = plt.subplots(4, len(outcomes), figsize=(11, 9), sharex=True, squeeze=False, layout="constrained")
    for column, outcome in zip(axes.T, outcomes, strict=True):
        _draw_day(column, outcome)
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)


def _draw_day(axes: NDArray, outcome: Outcome) -> None:
    day = outcome.day
    hours = np.arange(0, len(day.arrivals), _PART) / 3600
    arrivals, rejected = _sum_parts(day.arrivals), _sum_parts(day.rejected)
    axes[0].set_title(outcome.kind)
    _draw(axes[0], "requests/s", hours, arrivals / _PART)
    _draw(axes[1], "pods", hours, _sum_parts(day.pods) / _PART)
    _draw(axes[2], "p99, ms", hours, day.compute_p99_of_parts(_PART) * 1000)
    _draw(axes[3], "refused, %", hours, rejected / arrivals * 100)
    axes[3].set_xlabel("hour")


def _draw(axes: Axes, label: str, hours: NDArray, values: NDArray) -> None:
    axes.plot(hours, values, linewidth=1)
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)


def _sum_parts(values: NDArray) -> NDArray:
    return np.asarray(values.reshape(-1, _PART).sum(axis=1))
