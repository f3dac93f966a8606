"""The results of benchmarks: metrics with their targets, and curves."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NO_TARGETS: Mapping[str, float] = {}


@dataclass(frozen=True)
class Metric:
    """One value per round, and the target for their median, if there is one."""

    name: str
    values: list[float]
    unit: str = ""  # empty for a ratio
    minimum: float | None = None
    maximum: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def target(self) -> str:
        """Empty without a target."""
        if self.minimum is not None:
            return f"at least {self.minimum:g}"
        return f"at most {self.maximum:g}" if self.maximum is not None else ""

    @property
    def is_met(self) -> bool | None:
        """Whether the median meets the target, None without one. Every round must meet a maximum of zero."""
        if self.minimum is None and self.maximum is None:
            return None
        if self.maximum == 0:
            return max(self.values) == 0
        return bool(
            (self.minimum is None or self.median >= self.minimum)
            and (self.maximum is None or self.median <= self.maximum)
        )

    def __str__(self) -> str:
        numbers = (min(self.values), self.median, max(self.values))
        columns = "".join(f"{value:10.{_choose_digits(value)}f}" for value in numbers)
        verdict = {None: "", True: f"  {self.target}: met", False: f"  {self.target}: MISSED"}[self.is_met]
        note = f"  ({self.note})" if self.note else ""
        return f"{self.name:70.70} {columns} {self.unit:3}{verdict}{note}"


@dataclass(frozen=True)
class Curve:
    """How cost grows: for each value on `axis`, the figures that were measured there."""

    name: str
    axis: str
    points: dict[int, dict[str, float]]

    def __str__(self) -> str:
        rows = [f"{self.name}, against {self.axis}:"]
        for position, point in self.points.items():
            figures = (f"{name} {value:.{_choose_digits(value)}f}" for name, value in point.items())
            rows.append(f"  {position:5} " + "  ".join(figures))
        return "\n".join(rows)


@dataclass
class Results:
    """What one benchmark measured. `disturbed` has the cores that other processes used, per disturbed figure."""

    metrics: list[Metric] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)


def _choose_digits(value: float) -> int:
    return 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3


class Series:
    """Figures by name, one value per round."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def add_round(self, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self.values.setdefault(name, []).append(float(value))

    def to_metrics(
        self, title: str, minimums: Mapping[str, float] = NO_TARGETS, maximums: Mapping[str, float] = NO_TARGETS
    ) -> list[Metric]:
        """One metric per name, with its target if it has one."""
        return [
            Metric(f"{title}: {name}", values, minimum=minimums.get(name), maximum=maximums.get(name))
            for name, values in self.values.items()
        ]


def print_results(results: Results) -> None:
    for item in (*results.metrics, *results.curves):
        print(item, flush=True)
    if results.disturbed:
        count, cores = len(results.disturbed), max(results.disturbed)
        print(f"  {count} of these figures were taken while other processes used up to {cores:.1f} cores.")


def compute_ratios(numerators: Iterable[float], denominators: Iterable[float]) -> list[float]:
    return [above / below for above, below in zip(numerators, denominators, strict=True)]
