"""The metrics, named once. Every process writes its own files and `/metrics` adds them up (prometheus_client's
multiprocess mode), so a counter keeps the counts of a process that died: see `metrics_folder`.
"""

import math
import os
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter, Gauge, Histogram, values
from prometheus_client.metrics_core import GaugeMetricFamily

from service.metrics_file import MetricsFile

_pid = os.getpid()


def _update_pid() -> None:
    global _pid
    _pid = os.getpid()


if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    # every increment asks for the process's id: remembering it saves a tenth of what a request costs a worker
    os.register_at_fork(after_in_child=_update_pid)
    values.MmapedDict = MetricsFile  # type: ignore[attr-defined]
    values.ValueClass = values.MultiProcessValue(lambda: _pid)  # type: ignore[no-untyped-call]

AnyMetric = TypeVar("AnyMetric", Counter, Gauge, Histogram)


@lru_cache(4096)
def get(metric: AnyMetric, *labels: str) -> AnyMetric:
    """The metric with those labels, looked up once: a lookup costs more than an increment."""
    return metric.labels(*labels)


def observe_all(histogram: Histogram, values: NDArray) -> None:
    """As `observe` of each value, with one addition per bucket: a request may bring hundreds of values.

    NaN and infinities are left out: one would make the sum NaN for ever. prometheus_client has no call for many values,
    so this uses its private fields.
    """
    if len(values) == 1:
        if math.isfinite(value := float(values[0])):
            histogram.observe(value)
        return
    values = values[np.isfinite(values)]
    buckets = np.searchsorted(histogram._upper_bounds, values)
    for index, count in enumerate(np.bincount(buckets).tolist()):
        if count:
            histogram._buckets[index].inc(count)
    histogram._sum.inc(float(values.sum()))


class Derived(NamedTuple):
    """A gauge that no process writes: it is made at each scrape, from other metrics or from what the machine tells."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def make_family(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(self.name, self.help, labels=self.labels)


_SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_STEP_SECONDS = (0.00003, 0.00006, 0.000125, 0.00025, *_SECONDS)  # parts of a request: a small PNG decodes in 60 us
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SHARE_BOUNDS = tuple(step / 20 for step in range(1, 21))  # as in the `confidence` of a manifest's test figures
SCORE_BOUNDS = (*SHARE_BOUNDS[:-1], 0.99, 1.0)

REQUESTS = Counter("inkpaw_requests", "Requests answered.", ["model", "version", "protocol", "status"])
REQUEST_SECONDS = Histogram(
    "inkpaw_request_seconds", "From a request's arrival to its answer.", ["model", "protocol"], buckets=_SECONDS
)
REJECTED = Counter(
    "inkpaw_rejected",
    "Requests refused before they ran: `busy` by a full worker, else the error's code. `model` is empty if unknown.",
    ["reason", "model"],
)
DENIED = Counter(
    "inkpaw_denied",
    "Requests not let in, by reason: `unauthorized` (no good key), `forbidden` (scope), `too_many_requests` (limit).",
    ["reason"],
)
IN_FLIGHT = Gauge("inkpaw_in_flight", "Requests in flight in all workers.", multiprocess_mode="livesum")
IN_FLIGHT_LIMIT = Gauge(
    "inkpaw_in_flight_limit",
    "Requests in flight above which workers answer 503, by their measured rate.",
    multiprocess_mode="livesum",
)
DECODE_SECONDS = Histogram(
    "inkpaw_decode_seconds", "Decoding and resizing a request's images.", ["model"], buckets=_STEP_SECONDS
)
PREDICTIONS = Counter("inkpaw_predictions", "Images classified, by predicted label.", ["model", "version", "label"])
CONFIDENCE = Histogram(
    "inkpaw_confidence", "Probability of the predicted label.", ["model", "version"], buckets=SHARE_BOUNDS
)
OUTLIER_SCORE = Histogram(
    "inkpaw_outlier_score",
    "How unlike the training images an image is.",
    ["model", "version"],
    buckets=SCORE_BOUNDS,
)
DRIFT = Gauge(
    "inkpaw_drift",
    "Population stability index of the last hour against the version's test set, for the `distribution` of `labels` or "
    "`confidence`; against validation images for that of `outlier_score`. NaN below 1000 images.",
    ["model", "version", "distribution"],
    multiprocess_mode="livemax",
)

QUEUE_SECONDS = Histogram("inkpaw_queue_seconds", "A request's wait for its batch.", ["model"], buckets=_STEP_SECONDS)
COMPUTE_SECONDS = Histogram("inkpaw_compute_seconds", "One run of a model.", ["model"], buckets=_STEP_SECONDS)
BATCH_ROWS = Histogram("inkpaw_batch_rows", "Rows per run, without padding.", ["model"], buckets=_ROWS)
BATCH_PADDING = Counter("inkpaw_batch_padding_rows", "Rows added to batches to reach a warmed size.", ["model"])
QUEUE_ROWS = Gauge("inkpaw_queue_rows", "Rows that wait.", ["model"], multiprocess_mode="livesum")
QUEUE_AGE = Gauge(
    "inkpaw_queue_age_seconds", "How long the oldest row has waited.", ["model"], multiprocess_mode="livemax"
)
QUEUE_FILL = Gauge(
    "inkpaw_queue_fill",
    "Rows that wait over INKPAW_MAX_QUEUE_ROWS, in the fullest queue of the model: at 1 requests get 503.",
    ["model"],
    multiprocess_mode="livemax",
)
ENGINE_RUNNERS = Gauge(
    "inkpaw_engine_runners", "Batches that all engines can run at the same time.", multiprocess_mode="livesum"
)
ENGINE_BUSY_RUNNERS = Gauge(
    "inkpaw_engine_busy_runners", "Runners that were busy, mean of the last 10 s.", multiprocess_mode="livesum"
)
ENGINE_BUSY_SECONDS = Counter("inkpaw_engine_busy_seconds", "Time for which runners were busy, of all runners.")
ENGINE_UTILISATION = Derived(
    "inkpaw_engine_utilisation", "Busy runners over all runners, 0 to 1. Missing while there is no engine."
)
MODEL_STATE = Gauge(
    "inkpaw_model_state", "1 for the state a version is in.", ["model", "version", "state"], multiprocess_mode="livesum"
)
VERSION_REFUSED = Counter(
    "inkpaw_version_refused",
    "Versions that may not serve, by reason: files, number, manifest, kind, changed, memory, load.",
    ["model", "reason"],
)
MODEL_DIR_PROBLEM = Gauge(
    "inkpaw_model_dir_problem",
    "1 while the model folder cannot be read, or is empty while models serve.",
    multiprocess_mode="livemax",
)
MODEL_LOAD_SECONDS = Gauge(
    "inkpaw_model_load_seconds", "Time to load and warm a version.", ["model", "version"], multiprocess_mode="livemax"
)
MODEL_RUNTIME = Gauge(
    "inkpaw_model_runtime",
    "1 for what runs a version that answers: litert, tensorflow, or litert+tensorflow.",
    ["model", "version", "runtime"],
    multiprocess_mode="livemax",
)
ENGINE_STARTS = Counter("inkpaw_engine_starts", "Starts of the engine: more than one is a restart.")
ENGINE_HANGS = Counter(
    "inkpaw_engine_hangs",
    "Engines killed because they hung: `start` took too long, `silent` loop, or one `batch` ran too long.",
    ["reason"],
)
GRPC_STARTS = Counter("inkpaw_grpc_starts", "Starts of the gRPC process: more than one is a restart.")
GRPC_HANGS = Counter(
    "inkpaw_grpc_hangs",
    "gRPC processes killed because they hung: `start` took too long, or a `silent` loop.",
    ["reason"],
)
GPU_MEMORY = Gauge("inkpaw_gpu_memory_bytes", "GPU memory in use.", ["device"], multiprocess_mode="livesum")
PROCESS_MEMORY = Derived(
    "inkpaw_process_resident_bytes",
    "Resident memory of a process. `index` is an engine's device, or a worker's place by age; `grpc` has one process.",
    ("role", "index"),
)
PROCESSES_WITHOUT_METRICS = Derived(
    "inkpaw_processes_without_metrics",
    "Processes whose counts are missing here, because the disk of INKPAW_RUNTIME_DIR was full.",
)
BUILD_INFO = Derived(
    "inkpaw_build_info",
    "1, for the versions of the service, of Python and of TensorFlow.",
    ("version", "python", "tensorflow"),
)
