"""What a measure finds: lines of the table, with their bars, and curves; printed, and kept in bench/results.json."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUT = ROOT / "bench"
NO_BARS: Mapping[str, float] = {}


@dataclass(frozen=True)
class Line:
    """A figure a round, and the bar that their median is held against, if it has one."""

    name: str
    values: list[float]
    unit: str = ""  # none for a ratio
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def holds(self) -> bool | None:
        """None without a bar. A bar of none at all holds only if it does so in every round."""
        if self.least is None and self.most is None:
            return None
        if self.most == 0:
            return max(self.values) == 0
        return bool(
            (self.least is None or self.median >= self.least) and (self.most is None or self.median <= self.most)
        )

    def __str__(self) -> str:
        shown = "".join(f"{value:10.{_digits(value)}f}" for value in (min(self.values), self.median, max(self.values)))
        bar = f"at least {self.least:g}" if self.least is not None else f"at most {self.most or 0:g}"
        said = {None: "", True: f"  {bar}: holds", False: f"  {bar}: DOES NOT HOLD"}[self.holds]
        note = f"  ({self.note})" if self.note else ""
        return f"{self.name:70.70} {shown} {self.unit:3}{said}{note}"


@dataclass(frozen=True)
class Curve:
    """How cost grows: for each place along `axis`, what was measured there."""

    name: str
    axis: str
    points: dict[int, dict[str, float]]

    def __str__(self) -> str:
        rows = [f"{self.name}, against {self.axis}:"]
        for at, point in self.points.items():
            rows.append(f"  {at:5} " + "  ".join(f"{name} {value:.{_digits(value)}f}" for name, value in point.items()))
        return "\n".join(rows)


@dataclass
class Found:
    """All that one measure found."""

    lines: list[Line] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)  # cores that others used, for figures taken all the same


def _digits(value: float) -> int:
    return 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3


class Series:
    """Figures by name, round by round."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def add(self, figures: dict[str, float]) -> None:
        """What one round found."""
        for name, value in figures.items():
            self.values.setdefault(name, []).append(float(value))

    def lines(
        self, title: str, least: Mapping[str, float] = NO_BARS, most: Mapping[str, float] = NO_BARS
    ) -> list[Line]:
        """A line of each, with the bars of those that have one."""
        return [
            Line(f"{title}: {name}", values, least=least.get(name), most=most.get(name))
            for name, values in self.values.items()
        ]


def keep(name: str, found: Found, path: Path = OUT / "results.json") -> None:
    """Put what a measure found in the file, in place of what it found last time; the other measures stay."""
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.exists() else {}
    known = known if "measures" in known and "host" in known else {"measures": {}}
    known["host"] = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    known["measures"][name] = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _revision(),
        "disturbed": found.disturbed,
        "lines": [{**asdict(line), "median": line.median, "holds": line.holds} for line in found.lines],
        "curves": [asdict(curve) for curve in found.curves],
    }
    path.write_text(json.dumps(known, indent=1))


def kept(path: Path = OUT / "results.json") -> Found:
    """Everything in the file, in the order of the measures."""
    everything = Found()
    for found in json.loads(path.read_text())["measures"].values():
        for line in found["lines"]:
            everything.lines.append(Line(**{key: line[key] for key in Line.__dataclass_fields__}))
        for curve in found["curves"]:
            points = {int(at): point for at, point in curve["points"].items()}
            everything.curves.append(Curve(curve["name"], curve["axis"], points))
    return everything


def show(found: Found) -> None:
    for each in (*found.lines, *found.curves):
        print(each, flush=True)
    if found.disturbed:
        others = max(found.disturbed)
        print(f"  {len(found.disturbed)} of these figures were taken while others used up to {others:.1f} cores.")


def _revision() -> str:
    git = ["git", "describe", "--always", "--dirty=+"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def ratios(ours: Iterable[float], others: Iterable[float]) -> list[float]:
    return [one / other for one, other in zip(ours, others, strict=True)]
