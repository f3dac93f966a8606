"""What clients see: traffic, errors and latency."""

from docker.observe.panels.panel import Query, Row, plot, show_heatmap, show_value

_WINDOWS = ("5m", "30m", "1h", "6h")
_BURN_RATES = (6.0, 14.4)  # at which the alerts fire


def list_rows() -> list[Row]:
    return [_make_overview(), _make_traffic(), _make_errors(), _make_latency()]


def _quantile(share: float, metric: str, by: str = "", place: str = "<model>") -> str:
    group = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({group}) (rate({metric}_bucket{{{place}}}<interval>)))"


def _mean(metric: str, by: str = "") -> str:
    group = f" by ({by})" if by else ""
    return (
        f"sum{group} (rate({metric}_sum{{<model>}}<interval>)) / sum{group} (rate({metric}_count{{<model>}}<interval>))"
    )


def _share(kind: str, window: str) -> str:
    """Of the requests of an installation, those that failed (`errors`) or were slow (`slow`)."""
    part, all_requests = (f"sum(inkpaw:{name}:rate{window}{{<installation>}})" for name in (kind, "requests"))
    return f"{part} / {all_requests}"


def _make_overview() -> Row:
    return Row(
        "Overview",
        [
            show_value(
                "Requests",
                "Answered, per second.",
                "reqps",
                Query("sum(rate(inkpaw_requests_total{<model>}<interval>))"),
            ),
            show_value(
                "Failed",
                "Share of the requests of 5 minutes that got a 5xx, refused ones included. Of all pods and models.",
                "percentunit",
                Query(_share("errors", "5m")),
                (0.001, 0.0144),
            ),
            show_value(
                "Slower than 0.5 s",
                "Share of the requests of 5 minutes. Of all pods and models.",
                "percentunit",
                Query(_share("slow", "5m")),
                (0.01, 0.144),
            ),
            show_value(
                "p99",
                "From a request's arrival to its answer.",
                "s",
                Query(_quantile(0.99, "inkpaw_request_seconds")),
                (0.25, 0.5),
            ),
            show_value(
                "Engines busy",
                "Busy runners over all runners, mean of the pods.",
                "percentunit",
                Query("avg(inkpaw_engine_utilisation{<pod>})"),
                (0.7, 0.9),
            ),
            show_value(
                "In flight",
                "Requests in flight over their limit, in the fullest pod. At 100% it answers 503.",
                "percentunit",
                Query("max(inkpaw:in_flight:ratio{<pod>})"),
                (0.7, 0.8),
            ),
            show_value(
                "Pods that answer",
                "With at least one model.",
                "none",
                Query('count(sum by (pod, instance) (inkpaw_model_state{<pod>, state="AVAILABLE"}) > 0)'),
            ),
            show_value(
                "Alerts",
                "That fire now; docs/runbook.md says what to do.",
                "none",
                Query('count(ALERTS{alertname=~"Inkpaw.*", alertstate="firing"}) or vector(0)'),
                (1.0,),
            ),
        ],
    )


def _make_traffic() -> Row:
    requests = "rate(inkpaw_requests_total{<model>}<interval>)"
    return Row(
        "Traffic",
        [
            plot("Requests by model", "", "reqps", Query(f"sum by (model) ({requests})", "{{model}}"), stack=True),
            plot(
                "Requests by protocol",
                "",
                "reqps",
                Query(f"sum by (protocol) ({requests})", "{{protocol}}"),
                stack=True,
            ),
            plot(
                "Requests by pod",
                "Unequal where a balancer keeps connections, or where a pod has just started.",
                "reqps",
                Query(f"sum by (pod, instance) ({requests})", "{{pod}} {{instance}}"),
            ),
        ],
    )


def _make_errors() -> Row:
    requests = "rate(inkpaw_requests_total{<model>}<interval>)"
    failures = 'rate(inkpaw_requests_total{<model>, status=~"5.."}<interval>)'
    return Row(
        "Errors",
        [
            plot(
                "Answers by status",
                "",
                "reqps",
                Query(f"sum by (status) ({requests})", "{{status}}"),
                width=6,
                stack=True,
            ),
            plot(
                "Failures by version",
                "Answers with 5xx.",
                "reqps",
                Query(f"sum by (model, version) ({failures})", "{{model}} {{version}}"),
                width=6,
            ),
            plot(
                "Refused, by reason and model",
                "Before they ran: `busy` by a full worker, else the error's code.",
                "reqps",
                Query(
                    "sum by (reason, model) (rate(inkpaw_rejected_total{<model>}<interval>))", "{{reason}} {{model}}"
                ),
                width=4,
            ),
            plot(
                "Not let in",
                "No good key, or over a limit.",
                "reqps",
                Query("sum by (reason) (rate(inkpaw_denied_total{<pod>}<interval>))", "{{reason}}"),
                width=4,
            ),
            plot(
                "Burn rate of errors",
                "How quickly the errors are used up that 30 days allow (0.1%): at 1 in 30 days. Alerts fire at 14.4 (5 "
                "minutes and 1 hour) and at 6 (30 minutes and 6 hours).",
                "none",
                *(Query(f"{_share('errors', window)} / 0.001", window) for window in _WINDOWS),
                width=4,
                limits=_BURN_RATES,
            ),
        ],
    )


def _make_latency() -> Row:
    seconds = "inkpaw_request_seconds"
    stages = {"request": seconds} | {name: f"inkpaw_{name}_seconds" for name in ("decode", "queue", "compute")}
    return Row(
        "Latency",
        [
            plot(
                "Quantiles",
                "From a request's arrival to its answer.",
                "s",
                *(Query(_quantile(share, seconds), f"p{share * 100:g}") for share in (0.5, 0.9, 0.99)),
            ),
            plot("p99 by model", "", "s", Query(_quantile(0.99, seconds, "model"), "{{model}}"), limits=(0.5,)),
            plot(
                "p99 by protocol", "", "s", Query(_quantile(0.99, seconds, "protocol"), "{{protocol}}"), limits=(0.5,)
            ),
            plot(
                "Where the time goes",
                "Mean per request or run. What the request has beside the others is reading, sending and waiting for a "
                "worker.",
                "s",
                *(Query(_mean(metric), name) for name, metric in stages.items()),
                width=6,
            ),
            plot(
                "p99 by stage",
                "",
                "s",
                *(Query(_quantile(0.99, metric), name) for name, metric in stages.items()),
                width=6,
            ),
            show_heatmap(
                "Requests by duration",
                "",
                "s",
                Query(f"sum by (le) (increase({seconds}_bucket{{<model>}}<interval>))", "{{le}}"),
                width=6,
            ),
            plot(
                "Burn rate of slow requests",
                "How quickly the requests slower than 0.5 s are used up that 30 days allow (1%).",
                "none",
                *(Query(f"{_share('slow', window)} / 0.01", window) for window in _WINDOWS),
                width=6,
                limits=_BURN_RATES,
            ),
        ],
    )
