"""Writes docs/metrics.md from service/metrics.py: `python -m docs.metrics_page`, or `make metrics-page`."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from service import metrics
from service.metrics import Derived

PATH = Path(__file__).with_name("metrics.md")

_BEFORE = """\
# Metrics

What `GET /metrics` returns, in Prometheus' text format, for operators. `make metrics-page` writes this page from
`service/metrics.py`. Each figure is of all processes of one service: workers and engines are added up.

"""

_AFTER = """
A histogram has `_bucket`, `_sum` and `_count`. In the list its first and last bucket are given.

- **Restarts.** Counters keep the counts of processes that ended. Gauges are those of running processes only.
- **Freshness.** Engines set their gauges twice a second, workers once a second, and drift is computed once a minute.
  Requests pay for none of them.
- **Labels.** `model` and `version` are those that the engine has loaded or tried to load. Names that clients make up
  create no series.
- **Batches.** The rows that ran are those of `inkpaw_batch_rows_sum` and of `inkpaw_batch_padding_rows_total`; the
  latter's part is the share of padding.
- **Utilisation.** `rate(inkpaw_engine_busy_seconds_total[5m]) / inkpaw_engine_runners` is the same over another time.
- **Drift.** 0.1 is a small shift, 0.25 a large one. The references are the predicted labels and the confidences of the
  test set, in `servable.json`. `outlier_score` needs none: by its definition, validation images are spread equally over
  it. A version without these facts has no drift. Labels drift whenever clients send other classes than the test set
  has, which need not be a fault.
- **Exemplars.** There are none: prometheus_client drops them where several processes count.
- **A full disk, memory by process:** [operating.md](operating.md).
"""


def make_page() -> str:
    header = "| metric | kind | labels | what it is |\n|---|---|---|---|\n"
    rows = (f"| `{name}` | {kind} | {labels} | {text} |\n" for name, kind, labels, text in _list_rows())
    return _BEFORE + header + "".join(rows) + _AFTER


def _list_rows() -> Iterator[tuple[str, str, str, str]]:
    for metric in vars(metrics).values():
        if isinstance(metric, Derived):
            yield metric.name, "gauge", _join(metric.labels), metric.help
        elif isinstance(metric, MetricWrapperBase):
            suffix = "_total" if metric._type == "counter" else ""
            yield metric._name + suffix, _describe_kind(metric), _join(metric._labelnames), metric._documentation


def _describe_kind(metric: MetricWrapperBase) -> str:
    if not isinstance(metric, Histogram):
        return metric._type
    first, *_, last = metric._kwargs["buckets"]
    if not metric._name.endswith("_seconds"):
        return f"histogram, {first:g} to {last:g}"
    return f"histogram, {first * 1e6:g} µs to {last:g} s"


def _join(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


if __name__ == "__main__":
    PATH.write_text(make_page())
