"""One digit PNG per request, compared with a route that only reads the body."""

from pathlib import Path

from tests.bench import payloads, servers
from tests.bench.closed_loop import check_answers, run_closed_loop, run_undisturbed_closed_loop
from tests.bench.config import Config
from tests.bench.report import Results, Series

RATIO, SPREAD = "32 connections, over the body-only route", "p99 over p50 at 32 connections"


def measure_small_net(config: Config) -> Results:
    """The small net, with targets."""
    series = _measure(config.small_net_models, config)
    return Results(series.to_metrics("small net", minimums={RATIO: 0.60}, maximums={SPREAD: 2.5}))


def measure_shipped_model(config: Config) -> Results:
    """The shipped `digits`, without targets."""
    return Results(_measure(config.shipped_models, config).to_metrics("digits"))


def _measure(models: Path, config: Config) -> Series:
    request = payloads.make_image_request("digits")
    series = Series()
    with servers.start_body_only_app() as body_only_app, servers.start_service(models) as service:
        for server in (body_only_app, service):
            run_closed_loop(server.url, request, 16, 2)
        for _ in range(config.rounds):
            body_only = run_undisturbed_closed_loop(body_only_app.url, request, 32, config.seconds)
            one = run_undisturbed_closed_loop(service.url, request, 1, config.seconds)
            many = run_undisturbed_closed_loop(service.url, request, 32, config.seconds)
            check_answers(one, many)
            series.add_round(
                {
                    "requests/s at 1 connection": one.rate,
                    "p50 at 1 connection, ms": one.p50 * 1000,
                    "requests/s at 32 connections": many.rate,
                    "p99 at 32 connections, ms": many.p99 * 1000,
                    SPREAD: many.p99 / many.p50,
                    "requests/s of the body-only route": body_only.rate,
                    RATIO: many.rate / body_only.rate,
                }
            )
    return series
