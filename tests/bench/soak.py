"""A million predictions: does memory grow?"""

import numpy as np

from tests.bench import payloads, servers, usage
from tests.bench.closed_loop import Asker, closed
from tests.bench.config import Run
from tests.bench.report import Found, Line

EARLY, ALL = 50_000, 1_000_000
ROWS = 256
_BULK, _SINGLE = 6, 2  # seconds of each in turn: single images use most of the code a prediction, tensors most rows


def measure(run: Run) -> Found:
    """RSS of the engine and of each worker after the first 50,000 predictions, and after all of them."""
    with servers.service(run.small) as server:
        bulk, rows = _bulk(server.url)
        done = _until(EARLY, 0, server.url, bulk, rows)
        pids = {"engine": server.engines[0]} | {f"worker {at}": pid for at, pid in enumerate(server.workers, 1)}
        early = {name: usage.resident(pid) for name, pid in pids.items()}
        done = _until(ALL, done, server.url, bulk, rows)
        late = {name: usage.resident(pid) for name, pid in pids.items()}
    lines = [Line("soak: predictions", [float(done)], least=ALL)]
    for name in pids:
        note = f"{early[name]:.1f} to {late[name]:.1f} MB"
        lines.append(
            Line(f"soak: RSS of {name}, over that after 50,000", [late[name] / early[name]], most=1.05, note=note)
        )
    return Found(lines)


def _bulk(url: str) -> tuple[payloads.Ask, int]:
    """As raw tensors where the service takes them, else as forms of PNGs; and the rows of a request."""
    ask = payloads.tensor("digits", np.zeros((ROWS, 28, 28, 1), np.uint8))
    if Asker(url, ask).once() == 200:
        return ask, ROWS
    return payloads.many("digits", [payloads.digit_png()] * 64), 64


def _until(goal: int, done: int, url: str, bulk: payloads.Ask, rows: int) -> int:
    """Go on until so many predictions are made; how many there were in the end."""
    while done < goal:
        single = closed(url, payloads.one("digits"), 16, _SINGLE)
        many = closed(url, bulk, 4, _BULK)
        if single.failed or many.failed:
            raise RuntimeError(f"{single.failed + many.failed} requests failed after {done} predictions")
        done += single.answered + many.answered * rows
    return done
