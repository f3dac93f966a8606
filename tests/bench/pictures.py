"""Pictures as people send them, to the shipped models: requests/s and p50 at 1 and at 32 connections.

A 280-pixel drawing goes to digits; a 1,024-pixel JPEG of a phone goes to digits and to cats-dogs.
"""

from tests.bench import payloads, servers
from tests.bench.closed_loop import check_answers, run_closed_loop, run_undisturbed_closed_loop
from tests.bench.config import Config
from tests.bench.report import Metric, Results, Series

CONNECTIONS = (1, 32)


def measure(config: Config) -> Results:
    photo = payloads.make_photo_jpeg(1024)
    requests = {
        "a 280-pixel drawing, digits": payloads.make_image_request("digits", payloads.make_digit_png(280)),
        "a 1,024-pixel photo, digits": payloads.make_image_request("digits", payloads.make_paper_jpeg(1024)),
        "a 1,024-pixel photo, cats-dogs": payloads.make_image_request("cats-dogs", photo),
    }
    with servers.start_service(config.shipped_models) as server:
        return Results(
            [metric for title in requests for metric in _measure(server.url, title, requests[title], config)]
        )


def _measure(url: str, title: str, request: payloads.Request, config: Config) -> list[Metric]:
    series = Series()
    run_closed_loop(url, request, 16, 2)
    for _ in range(config.rounds):
        values = {}
        for count in CONNECTIONS:
            result = run_undisturbed_closed_loop(url, request, count, config.seconds)
            check_answers(result)
            at = f"at {count} connection{'s' if count > 1 else ''}"
            values |= {f"requests/s {at}": result.rate, f"p50 {at}, ms": result.p50 * 1000}
        series.add_round(values)
    return series.to_metrics(title)
