"""docs/autoscaling.md: what a day costs and loses with each candidate."""

from collections.abc import Iterator

from tests.bench.autoscaling.arrivals import BURST_FACTOR, BURST_SECONDS, BURSTS, SEED
from tests.bench.autoscaling.candidates import (
    BUSIEST_PODS,
    CANDIDATES,
    CHOSEN,
    MAX_REFUSED,
    Outcome,
    load_kinds,
    run_alone,
    run_day,
)
from tests.bench.autoscaling.day import MEAN_SECONDS, START_SECONDS
from tests.bench.autoscaling.hpa import SYNC_SECONDS, TOLERANCE
from tests.bench.config import ROOT

PATH = ROOT / "docs/autoscaling.md"
NEW_NODE_SECONDS = 180
METRICS = {
    "engine_utilisation": "`inkpaw_engine_utilisation`",
    "queue_age_seconds": "`inkpaw_queue_age_seconds`",
    "in_flight_share": "`inkpaw_in_flight` over its limit",
    "cpu": "CPU",
}


def _join(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"


_TEXT = f"""\
# Autoscaling targets

Why `autoscale-hpa` and `autoscale-keda` have their target values. For operators who want to change them.
`python -m tests.bench.autoscaling` simulates the days of this page, and writes it and its picture.

- **Measured**, on one machine, as CPU time: a request in a worker, and a batch by its rows, for a digit and for a
  photograph of 400x400 pixels (`python -m tests.bench.autoscaling --measure`).
- **Simulated**: a pod of two cores, with the service's own admission; more such pods; Kubernetes' rule; a day.
  - The day has two humps, and {BURSTS} bursts of {_join(BURST_FACTOR)} times the rate for {_join(BURST_SECONDS)} s.
    Its busiest hour would fill {BUSIEST_PODS} pods. Seed {SEED}.
  - The rule looks every {SYNC_SECONDS} s at the mean of the last {MEAN_SECONDS} s, with the tolerance {TOLERANCE:g}
    and the behaviour of `hpa.yaml`. A new pod is ready after {START_SECONDS} s.
- **Not tested**: a cluster, its load balancer, a GPU, real traffic. The pods' shares are equal here. A pod's batches
  grow less than in the service, so it is full at about three quarters of what full batches would answer.

![Requests, pods, p99 and refusals over the day](autoscaling.png)

"""

_AFTER = f"""
- **Utilisation and CPU** rise evenly with the load. The chosen value is the highest that refuses at most
  {MAX_REFUSED:.0%} of the day's requests, of both kinds. What is refused comes in the first minute of a burst,
  before new pods are ready.
- **Queue age and requests in flight** hardly rise until a pod is full: workers refuse what would wait for more than
  75 ms. So they are nets, for work that the engine's utilisation does not show. On these days no queue was
  0.02 s old.
- A higher target is cheaper and refuses more. For fewer refusals, lower the target of utilisation, or raise
  `minReplicas`. Neither helps against bursts as much as pods that start sooner.
"""


def make_page() -> str:
    head = "| scaled by | target |" + "".join(f" {load.kind}: pod-hours, p99, refused |" for load in load_kinds())
    return _TEXT + "\n".join([head, "|---|---|" + "---|" * len(load_kinds()), *_list_rows()]) + "\n" + _AFTER


def _list_rows() -> Iterator[str]:
    for name, values in CANDIDATES.items():
        for value in values:
            mark = ", chosen" if CHOSEN.values[name] == value else ""
            yield _make_row(f"{METRICS[name]} alone", f"{value:g}{mark}", run_alone(name, value))
    yield _make_row("**all four**", "the chosen", [run_day(load, CHOSEN) for load in load_kinds()])
    slow = [run_day(load, CHOSEN, start_seconds=NEW_NODE_SECONDS) for load in load_kinds()]
    yield _make_row(f"all four, a pod starts in {NEW_NODE_SECONDS} s (a new node)", "the chosen", slow)


def _make_row(title: str, target: str, outcomes: list[Outcome]) -> str:
    cells = [_format(outcome) for outcome in outcomes]
    return f"| {' | '.join([title, target, *cells])} |"


def _format(outcome: Outcome) -> str:
    day = outcome.day
    return f"{day.pod_hours:.0f}, {day.p99 * 1000:.0f} ms, {day.rejected_share:.1%}"
