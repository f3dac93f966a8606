"""The servers side by side: saved in bench/peers.json, and printed as one table with ratios."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from tests.bench.closed_loop import ClosedLoopResult
from tests.bench.config import OUT
from tests.bench.peers.catalog import PEERS
from tests.bench.report import Metric, compute_ratios

CEILING = "ceiling"
CONNECTIONS = (1, 32)
TITLES = {peer.name: peer.title for peer in PEERS} | {CEILING: "Flask route that only reads the body"}
_FILE = OUT / "peers.json"
_TOLERANCE = 0.01  # between two servers' probabilities for the same digit and net


@dataclass
class Figures:
    """Requests/s and percentiles, by connections, one value per round."""

    rates: dict[int, list[float]] = field(default_factory=dict)
    p50_ms: dict[int, list[float]] = field(default_factory=dict)
    p99_ms: dict[int, list[float]] = field(default_factory=dict)
    failed: int = 0

    def add(self, connections: int, result: ClosedLoopResult) -> None:
        self.rates.setdefault(connections, []).append(result.rate)
        self.p50_ms.setdefault(connections, []).append(result.p50 * 1000)
        self.p99_ms.setdefault(connections, []).append(result.p99 * 1000)
        self.failed += result.failed

    def format_columns(self) -> str:
        """Requests/s and p50 at one connection, then requests/s, p50 and p99 at 32."""
        one, many = CONNECTIONS
        p50, p99 = statistics.median(self.p50_ms[many]), statistics.median(self.p99_ms[many])
        return (
            f"{_format_spread(self.rates[one])}{statistics.median(self.p50_ms[one]):8.2f}"
            f"{_format_spread(self.rates[many])}{p50:7.1f}{p99:8.1f}"
        )


@dataclass
class Pair:
    """A server and Inkpaw, whose rounds took turns. `alike` says whether both gave the same probabilities."""

    name: str
    theirs: Figures
    ours: Figures
    alike: bool
    measured: str = ""

    def __str__(self) -> str:
        one, many = (_format_spread(self.compute_ratios(connections), 2) for connections in CONNECTIONS)
        notes = f"  {self.theirs.failed} of its requests failed" if self.theirs.failed else ""
        notes += f"  {self.ours.failed} OF INKPAW'S REQUESTS FAILED" if self.ours.failed else ""
        notes += "" if self.alike else "  ITS PROBABILITIES DIFFER"
        theirs = f"{TITLES[self.name]:38}{self.theirs.format_columns()}{one}{many}{notes}"
        return f"{theirs}\n{'  Inkpaw, in turns':38}{self.ours.format_columns()}"

    def compute_ratios(self, connections: int) -> list[float]:
        """Inkpaw's requests/s over the other server's, one per round."""
        return compute_ratios(self.ours.rates[connections], self.theirs.rates[connections])


def are_close(probabilities: list[float], others: list[float]) -> bool:
    return max(abs(a - b) for a, b in zip(probabilities, others, strict=True)) < _TOLERANCE


def save_pair(pair: Pair) -> None:
    """Replaces the earlier figures of the same server in the file."""
    OUT.mkdir(exist_ok=True)
    document = json.loads(_FILE.read_text()) if _FILE.exists() else {}
    pair.measured = datetime.now(UTC).isoformat(timespec="seconds")
    _FILE.write_text(json.dumps(document | {pair.name: asdict(pair)}, indent=1))


def print_table(names: list[str]) -> None:
    """Prints the saved figures of these servers."""
    pairs = {name: pair for name, pair in _load_pairs().items() if name in names}
    one, many = (f"{connections} connection{'s' * (connections > 1)}" for connections in CONNECTIONS)
    print(f"\n{'requests/s: median (min-max)':38}{one:>20}{'p50 ms':>8}{many:>20}{'p50':>7}{'p99 ms':>8}", end="")
    print(f"{'Inkpaw over it, 1':>20}{'32':>20}")
    for pair in pairs.values():
        print(pair)
    for metric in _make_metrics(pairs):
        print(metric)


def _format_spread(values: list[float], digits: int = 0) -> str:
    spread = f"({min(values):.{digits}f}-{max(values):.{digits}f})"
    return f"{statistics.median(values):7.{digits}f}{spread:>13}"


def _load_pairs() -> dict[str, Pair]:
    pairs = {}
    for name, body in (json.loads(_FILE.read_text()) if _FILE.exists() else {}).items():
        theirs, ours = (_load_figures(body.pop(side)) for side in ("theirs", "ours"))
        pairs[name] = Pair(theirs=theirs, ours=ours, **body)
    return {name: pairs[name] for name in TITLES if name in pairs}


def _load_figures(body: dict[str, dict[str, list[float]]]) -> Figures:
    """JSON has strings for the numbers of connections."""
    failed = body.pop("failed")
    lists = {key: {int(connections): values for connections, values in by.items()} for key, by in body.items()}
    return Figures(**lists, failed=failed)  # type: ignore[arg-type]


def _make_metrics(pairs: dict[str, Pair]) -> list[Metric]:
    """The targets for Inkpaw beside the servers that were measured."""
    minimums = (("triton", 1.5), ("fast", 1.8), (CEILING, 0.60))
    metrics = [
        Metric(f"32 connections: Inkpaw over {TITLES[name]}", pairs[name].compute_ratios(32), minimum=minimum)
        for name, minimum in minimums
        if name in pairs
    ]
    p50 = {name: statistics.median(pair.theirs.p50_ms[1]) for name, pair in pairs.items() if name != CEILING}
    if p50:
        best = pairs[min(p50, key=lambda name: p50[name])]
        ratios = compute_ratios(best.ours.p50_ms[1], best.theirs.p50_ms[1])
        metrics.append(Metric(f"p50 at 1 connection: Inkpaw over the best peer ({best.name})", ratios, maximum=1))
    return metrics
