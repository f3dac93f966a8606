"""The names of the metrics as `/metrics` has them."""

from prometheus_client.metrics import MetricWrapperBase

from service import metrics

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def list_metric_names() -> dict[str, set[str]]:
    """By metric, the names of its series."""
    declared = [m for m in vars(metrics).values() if isinstance(m, MetricWrapperBase)]
    derived = [m.name for m in vars(metrics).values() if isinstance(m, metrics.Derived)]
    series = {m._name: {f"{m._name}{suffix}" for suffix in _SUFFIXES[m._type]} for m in declared}
    return series | {name: {name} for name in derived}


def list_series_names() -> set[str]:
    return set().union(*list_metric_names().values())
