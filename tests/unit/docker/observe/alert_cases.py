"""What each alert is tried with: series in promtool's notation, one value per minute, `_` for none.

`0+2x60` goes up by 2 each minute, `1x60` stays at 1.
"""

from dataclasses import dataclass, field

Series = dict[str, str]

POD = 'job="inkpaw", instance="a:8080"'
POD_LABELS = {"job": "inkpaw", "instance": "a:8080"}


@dataclass(frozen=True)
class Case:
    """After so many minutes the alert fires, with these labels beside its severity and with this summary; or, without
    a summary, it does not."""

    alert: str
    what: str
    minutes: int
    series: Series
    summary: str = ""
    labels: dict[str, str] = field(default_factory=dict)


def count_requests(answered: str, failed: str = "_x1", busy: str = "_x1", unknown: str = "_x1") -> Series:
    request = f'inkpaw_requests_total{{{POD}, model="digits", version="5", protocol="predict", status='
    rejected = f"inkpaw_rejected_total{{{POD}, reason="
    return {
        f'{request}"200"}}': answered,
        f'{request}"500"}}': failed,
        f'{rejected}"busy", model="digits"}}': busy,
        f'{rejected}"engine_down", model=""}}': unknown,
        f'{rejected}"overloaded", model="digits"}}': answered,  # counted as a request already
    }


def count_slow(requests: str, quick: str) -> Series:
    name, labels = "inkpaw_request_seconds", f'{POD}, model="digits", protocol="predict"'
    return count_requests(requests) | {
        f"{name}_count{{{labels}}}": requests,
        f'{name}_bucket{{{labels}, le="0.5"}}': quick,
        f'{name}_bucket{{{labels}, le="1.0"}}': requests,
    }


def report_pods(**available: str) -> Series:
    """By pod, the number of models that answer; `_x30` while there is no engine."""
    series: Series = {}
    for name, values in available.items():
        labels = f'job="inkpaw", instance="{name}:8080", pod="{name}"'
        series[f'inkpaw_build_info{{{labels}, version="1"}}'] = "1x30"
        series[f'inkpaw_model_state{{{labels}, model="digits", version="5", state="AVAILABLE"}}'] = values
        series[f'inkpaw_model_state{{{labels}, model="digits", version="5", state="LOADING"}}'] = "1x30"
    return series


_JOB = {"job": "inkpaw"}
_STARTS = f"inkpaw_engine_starts_total{{{POD}}}"
_HANGS = f'inkpaw_engine_hangs_total{{{POD}, reason="batch"}}'
_FILL = f'inkpaw_queue_fill{{{POD}, model="digits"}}'
_REFUSED = f'inkpaw_version_refused_total{{{POD}, model="digits", reason="load"}}'
_DRIFT = f'inkpaw_drift{{{POD}, model="digits", version="5", distribution='
_DIGITS = {"model": "digits"}
_VOLUME = 'kubelet_volume_stats_%s_bytes{persistentvolumeclaim="%s", namespace="inkpaw"}'
_CERTIFICATE = 'certmanager_certificate_expiration_timestamp_seconds{name="inkpaw-tls", namespace="inkpaw"}'
_PROBE = 'probe_ssl_earliest_cert_expiry{job="inkpaw-tls", instance="https://a"}'
_DAY = 86400


def fill_in_flight(values: str) -> Series:
    return {f"inkpaw_in_flight{{{POD}}}": values, f"inkpaw_in_flight_limit{{{POD}}}": "100x30"}


def fill_volume(available: str, claim: str = "inkpaw-models") -> Series:
    return {_VOLUME % ("available", claim): available, _VOLUME % ("capacity", claim): "100x30"}


_SYMPTOMS = (
    Case(
        *("InkpawErrorsBurnFast", "3% fail", 120, count_requests("0+60x120", "0+2x120")),
        *("3.226% of the requests of the last 5m failed.", _JOB),
    ),
    Case(
        *("InkpawErrorsBurnFast", "full workers refuse half", 120, count_requests("0+60x120", busy="0+60x120")),
        *("50% of the requests of the last 5m failed.", _JOB),
    ),
    Case(
        *("InkpawErrorsBurnFast", "no engine knows a model", 120, count_requests("0x120", unknown="0+60x120")),
        *("100% of the requests of the last 5m failed.", _JOB),
    ),
    Case("InkpawErrorsBurnFast", "1% fail", 120, count_requests("0+99x120", "0+1x120")),
    Case("InkpawErrorsBurnFast", "nothing fails", 120, count_requests("0+60x120")),
    Case("InkpawErrorsBurnFast", "it is over", 120, count_requests("0+60x120", "0+60x110 6600x10")),
    Case("InkpawErrorsBurnFast", "a short burst", 120, count_requests("0+1000x120", "0x118 0+300x2")),
    Case("InkpawErrorsBurnFast", "a few of few", 120, count_requests("0+1x120", "0+0.1x120")),
    Case(
        *("InkpawErrorsBurnSlowly", "1% fail", 390, count_requests("0+99x390", "0+1x390")),
        *("1% of the requests of the last 30m failed.", _JOB),
    ),
    Case("InkpawErrorsBurnSlowly", "0.5% fail", 390, count_requests("0+199x390", "0+1x390")),
    Case("InkpawErrorsBurnSlowly", "it is over", 390, count_requests("0+99x390", "0+4x350 1400x40")),
    Case("InkpawErrorsBurnSlowly", "an hour of it", 390, count_requests("0+99x390", "0x360 0+2x30")),
    Case("InkpawErrorsBurnSlowly", "a few of few", 390, count_requests("0+0.1x390", "0+0.02x390")),
    Case(
        *("InkpawLatencyBurnsFast", "20% are slow", 120, count_slow("0+100x120", "0+80x120")),
        *("20% of the requests of the last 5m took more than 0.5 s.", _JOB),
    ),
    Case("InkpawLatencyBurnsFast", "10% are slow", 120, count_slow("0+100x120", "0+90x120")),
    Case("InkpawLatencyBurnsFast", "none is slow", 120, count_slow("0+100x120", "0+100x120")),
    Case(
        *("InkpawLatencyBurnsSlowly", "10% are slow", 390, count_slow("0+100x390", "0+90x390")),
        *("10% of the requests of the last 30m took more than 0.5 s.", _JOB),
    ),
    Case("InkpawLatencyBurnsSlowly", "5% are slow", 390, count_slow("0+100x390", "0+95x390")),
)

_READINESS = (
    Case(
        *("InkpawNoReadyModel", "both pods have none", 10, report_pods(a="0x30", b="0x30")),
        *("No model answers in any pod.", _JOB),
    ),
    Case(
        *("InkpawNoReadyModel", "there is no engine", 10, report_pods(a="_x30")),
        *("No model answers in any pod.", _JOB),
    ),
    Case("InkpawNoReadyModel", "nothing is scraped", 10, {"up": "1x30"}, "No model answers in any pod."),
    Case("InkpawNoReadyModel", "one pod of two is ready", 10, report_pods(a="0x30", b="2x30")),
    Case("InkpawNoReadyModel", "it starts", 10, report_pods(a="0x7 1x20")),
    Case(
        *("InkpawPodNotReady", "one pod of two has none", 20, report_pods(a="0x30", b="2x30")),
        *("No model answers in a:8080.", POD_LABELS | {"pod": "a"}),
    ),
    Case("InkpawPodNotReady", "both are ready", 20, report_pods(a="1x30", b="1x30")),
    Case("InkpawPodNotReady", "it starts", 20, report_pods(a="0x10 1x20", b="1x30")),
)

_ENGINES = (
    Case(
        *("InkpawEngineRestarts", "one restart", 25, {_STARTS: "1x20 2x20"}),
        *("An engine of a:8080 ended and was started again.", POD_LABELS),
    ),
    Case("InkpawEngineRestarts", "two engines start with their pod", 10, {_STARTS: "_x2 1 2x20"}),
    Case("InkpawEngineRestarts", "no restart", 25, {_STARTS: "2x40"}),
    Case("InkpawEngineRestarts", "long ago", 40, {_STARTS: "1x20 2x20"}),
    Case(
        *("InkpawEngineHangs", "the first one", 25, {_HANGS: "_x20 1x20"}),
        *("An engine of a:8080 hung and was killed (batch).", POD_LABELS | {"reason": "batch"}),
    ),
    Case(
        *("InkpawEngineHangs", "another one", 25, {_HANGS: "1x20 2x20"}),
        *("An engine of a:8080 hung and was killed (batch).", POD_LABELS | {"reason": "batch"}),
    ),
    Case("InkpawEngineHangs", "long ago", 40, {_HANGS: "_x20 1x20"}),
)

_LOAD = (
    Case(
        *("InkpawQueueNearlyFull", "90%", 10, {_FILL: "0.9x30"}),
        *("digits waits in a:8080: its queue is 90% full.", POD_LABELS | _DIGITS),
    ),
    Case("InkpawQueueNearlyFull", "half", 10, {_FILL: "0.5x30"}),
    Case("InkpawQueueNearlyFull", "one minute", 10, {_FILL: "0x8 0.9x3"}),
    Case(
        *("InkpawInFlightNearlyFull", "90%", 15, fill_in_flight("90x30")),
        *("a:8080 is 90% full of requests in flight.", POD_LABELS),
    ),
    Case("InkpawInFlightNearlyFull", "60%", 15, fill_in_flight("60x30")),
    Case("InkpawInFlightNearlyFull", "three minutes", 15, fill_in_flight("10x11 100x3 10x5")),
)

_MODELS = (
    Case(
        *("InkpawModelRefused", "the first one", 25, {_REFUSED: "_x20 1x20"}),
        *("a:8080 refused a version of digits (load).", POD_LABELS | _DIGITS | {"reason": "load"}),
    ),
    Case(
        *("InkpawModelRefused", "another one", 25, {_REFUSED: "0x20 1x20"}),
        *("a:8080 refused a version of digits (load).", POD_LABELS | _DIGITS | {"reason": "load"}),
    ),
    Case("InkpawModelRefused", "none", 25, {_REFUSED: "0x40"}),
    Case("InkpawModelRefused", "long ago", 90, {_REFUSED: "_x20 1x90"}),
    Case(
        *("InkpawModelFolderProblem", "it is empty", 10, {f"inkpaw_model_dir_problem{{{POD}}}": "1x30"}),
        *("a:8080 cannot read its model folder, or finds it empty.", POD_LABELS),
    ),
    Case("InkpawModelFolderProblem", "none", 10, {f"inkpaw_model_dir_problem{{{POD}}}": "0x30"}),
    Case("InkpawModelFolderProblem", "one look", 10, {f"inkpaw_model_dir_problem{{{POD}}}": "0x8 1 0x20"}),
    Case(
        *("InkpawDrift", "large", 60, {f'{_DRIFT}"confidence"}}': "0.3x60"}),
        "digits 5 drifts by confidence: 0.30.",
        _JOB | _DIGITS | {"version": "5", "distribution": "confidence"},
    ),
    Case("InkpawDrift", "small", 60, {f'{_DRIFT}"confidence"}}': "0.2x60"}),
    Case("InkpawDrift", "clients send other classes", 60, {f'{_DRIFT}"labels"}}': "0.9x60"}),
    Case("InkpawDrift", "short", 60, {f'{_DRIFT}"confidence"}}': "0x50 0.9x20"}),
)

_SURROUNDINGS = (
    Case(
        *("InkpawRuntimeDiskFull", "two processes", 10, {f"inkpaw_processes_without_metrics{{{POD}}}": "2x30"}),
        *("2 processes of a:8080 found no space for their metrics.", POD_LABELS),
    ),
    Case("InkpawRuntimeDiskFull", "none", 10, {f"inkpaw_processes_without_metrics{{{POD}}}": "0x30"}),
    Case(
        *("InkpawModelVolumeNearlyFull", "5% free", 25, fill_volume("5x30")),
        "The model volume has 5% free.",
        {"namespace": "inkpaw", "persistentvolumeclaim": "inkpaw-models"},
    ),
    Case("InkpawModelVolumeNearlyFull", "half free", 25, fill_volume("50x30")),
    Case("InkpawModelVolumeNearlyFull", "another volume", 25, fill_volume("5x30", "others")),
    Case(
        *("InkpawCertificateExpires", "in ten days", 120, {_CERTIFICATE: f"{10 * _DAY + 7200}x120"}),
        *("The certificate expires in 10d 0h 0m 0s.", {"namespace": "inkpaw", "name": "inkpaw-tls"}),
    ),
    Case(
        *("InkpawCertificateExpires", "in a day, by a probe", 120, {_PROBE: f"{_DAY + 7200}x120"}),
        *("The certificate expires in 1d 0h 0m 0s.", {"job": "inkpaw-tls", "instance": "https://a"}),
    ),
    Case("InkpawCertificateExpires", "in thirty days", 120, {_CERTIFICATE: f"{30 * _DAY}x120"}),
)

CASES = (*_SYMPTOMS, *_READINESS, *_ENGINES, *_LOAD, *_MODELS, *_SURROUNDINGS)
