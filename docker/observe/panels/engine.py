"""What the engine does: batches, queue and utilisation."""

from docker.observe.panels.panel import BY_POD, Query, Row, plot


def list_rows() -> list[Row]:
    return [_make_batches(), _make_queue(), _make_utilisation()]


def _rate(metric: str) -> str:
    return f"sum by (model) (rate({metric}{{<model>}}<interval>))"


def _quantile(share: float, metric: str) -> str:
    return f"histogram_quantile({share}, sum by (le, model) (rate({metric}_bucket{{<model>}}<interval>)))"


def _make_batches() -> Row:
    rows, padding = _rate("inkpaw_batch_rows_sum"), _rate("inkpaw_batch_padding_rows_total")
    return Row(
        "Batches",
        [
            plot("Rows per second", "Without padding.", "none", Query(rows, "{{model}}"), width=6),
            plot(
                "Rows per run",
                "Mean, without padding.",
                "none",
                Query(f"{rows} / {_rate('inkpaw_batch_rows_count')}", "{{model}}"),
                width=6,
            ),
            plot(
                "Padding",
                "Share of the computed rows that only fill a batch up to a warmed size.",
                "percentunit",
                Query(f"{padding} / ({rows} + {padding})", "{{model}}"),
                width=6,
                top=1,
            ),
            plot(
                "Time of a run",
                "",
                "s",
                *(
                    Query(_quantile(share, "inkpaw_compute_seconds"), f"{{{{model}}}} p{share * 100:g}")
                    for share in (0.5, 0.99)
                ),
                width=6,
            ),
        ],
    )


def _make_queue() -> Row:
    return Row(
        "Queue",
        [
            plot(
                "Rows that wait", "", "none", Query("sum by (model) (inkpaw_queue_rows{<model>})", "{{model}}"), width=6
            ),
            plot(
                "Wait of the oldest row",
                "Requests get 504 at INKPAW_REQUEST_SECONDS, 10 s by default.",
                "s",
                Query("max by (model) (inkpaw_queue_age_seconds{<model>})", "{{model}}"),
                width=6,
            ),
            plot(
                "Fullest queue",
                "Rows over INKPAW_MAX_QUEUE_ROWS. At 100% requests get 503.",
                "percentunit",
                Query("max by (model) (inkpaw_queue_fill{<model>})", "{{model}}"),
                width=6,
                top=1,
                limits=(0.5, 0.8),
            ),
            plot(
                "Wait for a batch, p99", "", "s", Query(_quantile(0.99, "inkpaw_queue_seconds"), "{{model}}"), width=6
            ),
        ],
    )


def _make_utilisation() -> Row:
    return Row(
        "Utilisation",
        [
            plot(
                "Engines busy",
                "Busy runners over all runners, of the last 10 s. Autoscalers aim at 50%.",
                "percentunit",
                Query("inkpaw_engine_utilisation{<pod>}", BY_POD),
                top=1,
                limits=(0.7, 0.9),
                width=6,
            ),
            plot(
                "Busy time",
                "The same over the whole interval, which misses no burst.",
                "percentunit",
                Query(
                    "sum by (pod, instance) (rate(inkpaw_engine_busy_seconds_total{<pod>}<interval>)) "
                    "/ sum by (pod, instance) (inkpaw_engine_runners{<pod>})",
                    BY_POD,
                ),
                top=1,
                width=6,
            ),
            plot(
                "Runners",
                "Batches that can run at the same time in all pods, and those that do.",
                "none",
                Query("sum(inkpaw_engine_runners{<pod>})", "all"),
                Query("sum(inkpaw_engine_busy_runners{<pod>})", "busy"),
                width=6,
            ),
            plot(
                "Requests in flight and their limit",
                "Workers set the limit by their measured rate, and answer 503 above it.",
                "none",
                Query("sum by (pod, instance) (inkpaw_in_flight{<pod>})", f"{BY_POD} in flight"),
                Query("sum by (pod, instance) (inkpaw_in_flight_limit{<pod>})", f"{BY_POD} limit"),
                width=6,
            ),
        ],
    )
