"""The peers side by side: kept in bench/peers.json, printed as one table with ratios."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from tests.bench.load import Result
from tests.bench.peers.catalog import PEERS
from tests.bench.report import OUT, Line

OURS, CEILING = "inkpaw", "ceiling"
CONNECTIONS = (1, 32)
TITLES = {peer.name: peer.title for peer in PEERS} | {OURS: "Inkpaw", CEILING: "Flask route that only reads the body"}
_FILE = OUT / "peers.json"
_NEAR = 0.01  # probabilities of the same net on the same digit; Inkpaw brings it to MNIST's form first


@dataclass
class Row:
    """What one server did: its ten probabilities, and figures by connections, one a round."""

    name: str
    answer: list[float]
    rates: dict[int, list[float]] = field(default_factory=dict)
    p50_ms: dict[int, list[float]] = field(default_factory=dict)
    p99_ms: dict[int, list[float]] = field(default_factory=dict)
    failed: int = 0
    measured: str = ""

    def add(self, connections: int, result: Result) -> None:
        self.rates.setdefault(connections, []).append(result.rate)
        self.p50_ms.setdefault(connections, []).append(result.p50 * 1000)
        self.p99_ms.setdefault(connections, []).append(result.p99 * 1000)
        self.failed += result.failed

    def rate(self, connections: int) -> float:
        return statistics.median(self.rates[connections])


def keep(row: Row) -> None:
    """Put it in the file, in place of what was measured last time."""
    OUT.mkdir(exist_ok=True)
    known = json.loads(_FILE.read_text()) if _FILE.exists() else {}
    row.measured = datetime.now(UTC).isoformat(timespec="seconds")
    _FILE.write_text(json.dumps(known | {row.name: asdict(row)}, indent=1))


def _kept() -> dict[str, Row]:
    rows = {}
    for name, body in (json.loads(_FILE.read_text()) if _FILE.exists() else {}).items():
        for figures in ("rates", "p50_ms", "p99_ms"):
            body[figures] = {int(connections): values for connections, values in body[figures].items()}
        rows[name] = Row(**body)
    return rows


def show(names: list[str]) -> None:
    """Every server that was ever measured here, in the order of titles; those not of `names` are marked."""
    rows = _kept()
    ours = rows.get(OURS)
    print(f"\n{'requests/s: median (least to most)':38}{'1 connection':>24}{'p50 ms':>8}{'32 connections':>24}", end="")
    print(f"{'p50':>7}{'p99 ms':>8}  Inkpaw is")
    for name, title in TITLES.items():
        if name not in rows:
            continue
        row = rows[name]
        told = f"{title:38}{_spread(row, 1)}{statistics.median(row.p50_ms[1]):8.2f}{_spread(row, 32)}"
        told += f"{statistics.median(row.p50_ms[32]):7.1f}{statistics.median(row.p99_ms[32]):8.1f}"
        told += f"  {ours.rate(1) / row.rate(1):.2f} x, {ours.rate(32) / row.rate(32):.2f} x" if ours else ""
        told += f"  {row.failed} failed" if row.failed else ""
        told += f"  (measured {row.measured})" if name not in names else ""
        told += "  (ANSWERS DIFFERENTLY)" if ours and row.answer and not _same(row.answer, ours.answer) else ""
        print(told)
    for line in _bars(rows):
        print(line)


def _spread(row: Row, connections: int) -> str:
    rates = row.rates[connections]
    return f"{statistics.median(rates):10.0f}{f'({min(rates):.0f}-{max(rates):.0f})':>14}"


def _same(one: list[float], other: list[float]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < _NEAR


def _bars(rows: dict[str, Row]) -> list[Line]:
    """What must hold beside the peers that were measured."""
    if OURS not in rows:
        return []
    ours, lines = rows[OURS], []
    for name, least in (("triton", 1.5), ("fast", 1.8), (CEILING, 0.60)):
        if name in rows:
            ratio = ours.rate(32) / rows[name].rate(32)
            lines.append(Line(f"Inkpaw over {TITLES[name]}, 32 connections", [ratio], least=least))
    quickest = {name: statistics.median(row.p50_ms[1]) for name, row in rows.items() if name not in (OURS, CEILING)}
    if quickest:
        best = min(quickest, key=lambda name: quickest[name])
        ratio = statistics.median(ours.p50_ms[1]) / quickest[best]
        lines.append(Line(f"Inkpaw's p50 at 1 connection over the best peer's ({best})", [ratio], most=1))
    return lines
