"""The benchmark as a picture: ratios, and how cost grows with connections."""

import statistics
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from tests.bench.load import Result


def draw(measures: dict[str, list[float]], curve: dict[int, Result], path: Path) -> None:
    ratios = {name: values for name, values in measures.items() if ", of " in name or ": of " in name}
    figure, (left, right) = plt.subplots(1, 2, figsize=(14, 5), layout="constrained")
    medians = [statistics.median(values) for values in ratios.values()]
    spread = [
        [middle - min(values) for middle, values in zip(medians, ratios.values(), strict=True)],
        [max(values) - middle for middle, values in zip(medians, ratios.values(), strict=True)],
    ]
    left.barh(list(ratios), medians, xerr=spread)
    left.set_xlabel("ratio (bars: median; whiskers: least and greatest)")
    left.invert_yaxis()
    counts = list(curve)
    right.plot(counts, [result.rate for result in curve.values()], marker="o", label="requests/s")
    right.set_xscale("log", base=2)
    right.set_xlabel("connections")
    right.set_ylabel("requests/s")
    other = right.twinx()
    other.plot(counts, [result.p99 * 1000 for result in curve.values()], color="tab:red", marker="s", label="p99, ms")
    other.set_ylabel("p99, ms")
    other.set_yscale("log")
    figure.legend(loc="lower right")
    figure.savefig(path, dpi=90)
    plt.close(figure)
