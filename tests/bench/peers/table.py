"""The servers side by side: kept in bench/peers.json, printed as one table with ratios."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from tests.bench.closed_loop import Result
from tests.bench.peers.catalog import PEERS
from tests.bench.report import OUT, Line, ratios

CEILING = "ceiling"
CONNECTIONS = (1, 32)
TITLES = {peer.name: peer.title for peer in PEERS} | {CEILING: "Flask route that only reads the body"}
_FILE = OUT / "peers.json"
_NEAR = 0.01  # between the probabilities of the same net for the same digit


@dataclass
class Figures:
    """Requests/s and percentiles by connections, one a round."""

    rates: dict[int, list[float]] = field(default_factory=dict)
    p50_ms: dict[int, list[float]] = field(default_factory=dict)
    p99_ms: dict[int, list[float]] = field(default_factory=dict)
    failed: int = 0

    def add(self, connections: int, result: Result) -> None:
        self.rates.setdefault(connections, []).append(result.rate)
        self.p50_ms.setdefault(connections, []).append(result.p50 * 1000)
        self.p99_ms.setdefault(connections, []).append(result.p99 * 1000)
        self.failed += result.failed

    def told(self) -> str:
        """Requests/s and p50 at one connection; requests/s, p50 and p99 at many."""
        one, many = CONNECTIONS
        quick, slow = statistics.median(self.p50_ms[many]), statistics.median(self.p99_ms[many])
        return (
            f"{_spread(self.rates[one])}{statistics.median(self.p50_ms[one]):8.2f}"
            f"{_spread(self.rates[many])}{quick:7.1f}{slow:8.1f}"
        )


@dataclass
class Pair:
    """A server and Inkpaw, whose rounds took turns; `alike` says whether both gave the same probabilities."""

    name: str
    theirs: Figures
    ours: Figures
    alike: bool
    measured: str = ""

    def __str__(self) -> str:
        one, many = (_spread(self.ratio(connections), 2) for connections in CONNECTIONS)
        failed = f"  {self.theirs.failed} of its answers failed" if self.theirs.failed else ""
        failed += f"  {self.ours.failed} OF INKPAW'S FAILED" if self.ours.failed else ""
        failed += "" if self.alike else "  ITS ANSWERS DIFFER"
        theirs = f"{TITLES[self.name]:38}{self.theirs.told()}{one}{many}{failed}"
        return f"{theirs}\n{'  Inkpaw, in turns':38}{self.ours.told()}"

    def ratio(self, connections: int) -> list[float]:
        """Inkpaw's requests/s over the other's, round by round."""
        return ratios(self.ours.rates[connections], self.theirs.rates[connections])


def near(one: list[float], other: list[float]) -> bool:
    """Whether these are the same probabilities."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < _NEAR


def keep(pair: Pair) -> None:
    """Put it in the file, in place of what was measured last time."""
    OUT.mkdir(exist_ok=True)
    known = json.loads(_FILE.read_text()) if _FILE.exists() else {}
    pair.measured = datetime.now(UTC).isoformat(timespec="seconds")
    _FILE.write_text(json.dumps(known | {pair.name: asdict(pair)}, indent=1))


def show(names: list[str]) -> None:
    """What is kept of these."""
    pairs = {name: pair for name, pair in _kept().items() if name in names}
    one, many = (f"{connections} connection{'s' * (connections > 1)}" for connections in CONNECTIONS)
    print(f"\n{'requests/s: median (least-most)':38}{one:>20}{'p50 ms':>8}{many:>20}{'p50':>7}{'p99 ms':>8}", end="")
    print(f"{'Inkpaw is, x':>20}{'x':>20}")
    for pair in pairs.values():
        print(pair)
    for line in _bars(pairs):
        print(line)


def _spread(values: list[float], digits: int = 0) -> str:
    around = f"({min(values):.{digits}f}-{max(values):.{digits}f})"
    return f"{statistics.median(values):7.{digits}f}{around:>13}"


def _kept() -> dict[str, Pair]:
    pairs = {}
    for name, body in (json.loads(_FILE.read_text()) if _FILE.exists() else {}).items():
        sides = [_figures(body.pop(side)) for side in ("theirs", "ours")]
        pairs[name] = Pair(theirs=sides[0], ours=sides[1], **body)
    return {name: pairs[name] for name in TITLES if name in pairs}


def _figures(body: dict[str, dict[str, list[float]]]) -> Figures:
    failed = body.pop("failed")
    by_number = {key: {int(at): values for at, values in found.items()} for key, found in body.items()}
    return Figures(**by_number, failed=failed)  # type: ignore[arg-type]


def _bars(pairs: dict[str, Pair]) -> list[Line]:
    """What must hold beside the servers that were measured."""
    bars = (("triton", 1.5), ("fast", 1.8), (CEILING, 0.60))
    lines = [
        Line(f"32 connections: Inkpaw over {TITLES[name]}", pairs[name].ratio(32), least=least)
        for name, least in bars
        if name in pairs
    ]
    quickest = {name: statistics.median(pair.theirs.p50_ms[1]) for name, pair in pairs.items() if name != CEILING}
    if quickest:
        best = pairs[min(quickest, key=lambda name: quickest[name])]
        over = ratios(best.ours.p50_ms[1], best.theirs.p50_ms[1])
        lines.append(Line(f"p50 at 1 connection: Inkpaw's over the best peer's ({best.name})", over, most=1))
    return lines
