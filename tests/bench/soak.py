"""A million predictions: does memory grow?"""

import numpy as np

from tests.bench import payloads, servers, usage
from tests.bench.closed_loop import SerialClient, run_closed_loop
from tests.bench.config import Config
from tests.bench.report import Metric, Results

EARLY, TOTAL = 50_000, 1_000_000
ROWS = 256
# Seconds of each kind, in turns: single images use most code per prediction, tensors make most predictions.
_TENSOR_SECONDS, _SINGLE_SECONDS = 6, 2


def measure(config: Config) -> Results:
    """RSS of the engine and of each worker after the first 50,000 predictions, and after all of them."""
    with servers.start_service(config.small_net_models) as server:
        request, rows = _choose_large_request(server.url)
        count = _predict_until(EARLY, 0, server.url, request, rows)
        pids = {"the engine": server.engines[0]}
        pids |= {f"worker {number}": pid for number, pid in enumerate(server.workers, 1)}
        early = {name: usage.read_rss(pid) for name, pid in pids.items()}
        count = _predict_until(TOTAL, count, server.url, request, rows)
        late = {name: usage.read_rss(pid) for name, pid in pids.items()}
    metrics = [Metric("soak: predictions", [float(count)], minimum=TOTAL)]
    for name in pids:
        title, growth = f"soak: RSS of {name}, over its RSS after 50,000", late[name] / early[name]
        note = f"{early[name]:.1f} to {late[name]:.1f} MB"
        metrics.append(Metric(title, [growth], maximum=1.05, note=note))
    return Results(metrics)


def _choose_large_request(url: str) -> tuple[payloads.Request, int]:
    """A request and its rows: a raw tensor if the service takes it, otherwise a form of PNGs."""
    request = payloads.make_tensor_request("digits", np.zeros((ROWS, 28, 28, 1), np.uint8))
    if SerialClient(url, request).send() == 200:
        return request, ROWS
    return payloads.make_form_request("digits", [payloads.make_digit_png()] * 64), 64


def _predict_until(goal: int, count: int, url: str, large_request: payloads.Request, rows: int) -> int:
    """Sends requests until there are at least `goal` predictions; returns how many there are. `count` is the start."""
    while count < goal:
        single = run_closed_loop(url, payloads.make_image_request("digits"), 16, _SINGLE_SECONDS)
        large = run_closed_loop(url, large_request, 4, _TENSOR_SECONDS)
        if single.failed or large.failed:
            raise RuntimeError(f"{single.failed + large.failed} requests failed after {count} predictions")
        count += single.answered + large.answered * rows
    return count
