"""One digit PNG a request, beside a route that only reads the body."""

from pathlib import Path

from tests.bench import payloads, servers
from tests.bench.closed_loop import closed, steady
from tests.bench.config import Run
from tests.bench.report import Found, Series

SHARE, SPREAD = "of the body-only route at 32 connections", "p99 over p50 at 32 connections"


def small(run: Run) -> Found:
    """The small net, with bars."""
    return Found(_figures(run.small, run).lines("small net", least={SHARE: 0.60}, most={SPREAD: 2.5}))


def shipped(run: Run) -> Found:
    """The same for the shipped digits."""
    return Found(_figures(run.shipped, run).lines("digits"))


def _figures(models: Path, run: Run) -> Series:
    ask = payloads.one("digits")
    found = Series()
    with servers.ceiling() as best, servers.service(models) as ours:
        for server in (best, ours):
            closed(server.url, ask, 16, 2)
        for _ in range(run.rounds):
            reached = steady(best.url, ask, 32, run.seconds)
            alone = steady(ours.url, ask, 1, run.seconds)
            many = steady(ours.url, ask, 32, run.seconds)
            if alone.failed or many.failed:
                raise RuntimeError(f"{alone.failed + many.failed} requests failed")
            found.add(
                {
                    "requests/s at 1 connection": alone.rate,
                    "p50 at 1 connection, ms": alone.p50 * 1000,
                    "requests/s at 32 connections": many.rate,
                    "p99 at 32 connections, ms": many.p99 * 1000,
                    SPREAD: many.p99 / many.p50,
                    "requests/s of the body-only route": reached.rate,
                    SHARE: many.rate / reached.rate,
                }
            )
    return found
