"""LiteRT over TensorFlow: the same shipped models in two services, INKPAW_RUNTIME=litert and tensorflow, in turns."""

import os
import signal
import time

from tests.bench import payloads, servers, usage
from tests.bench.background_load import run_undisturbed
from tests.bench.closed_loop import SerialClient, check_answers, run_undisturbed_closed_loop
from tests.bench.config import Config
from tests.bench.report import Metric, Results, Series, compute_ratios
from tests.bench.warm_up import use_every_model

RUNTIMES = ("litert", "tensorflow")
STARTUP, RESTART = "start to ready, s", "engine killed to answer, s"
SERVICE_PSS, ENGINE_PSS = "the whole service, PSS, MB", "the engine, PSS, MB"
BATCH, PHOTOS = "64 photos per request: rows/s", "single photos at 8 connections: requests/s"
P50, DIGITS = "digits at 1 connection: p50, ms", "digits at 32 connections: requests/s"
SAMPLES = "256 samples as npy: rows/s"
# of LiteRT's median over TensorFlow's
MINIMUMS = {BATCH: 2.0, PHOTOS: 1.8, DIGITS: 1.3, SAMPLES: 1.0}
MAXIMUMS = {P50: 0.85, STARTUP: 0.4}
# of LiteRT alone
LIMITS = {STARTUP: 1.5, RESTART: 1.0, SERVICE_PSS: 450, ENGINE_PSS: 250}


def measure(config: Config) -> Results:
    """Rounds of both take turns: of starts, each in a service of its own, then of requests to two that run."""
    series = {runtime: Series() for runtime in RUNTIMES}
    for _ in range(config.rounds):
        for runtime in RUNTIMES:
            series[runtime].add_round(run_undisturbed(lambda runtime=runtime: _measure_start(config, runtime)))
    with (
        servers.start_service(config.shipped_models, runtime=RUNTIMES[0]) as first,
        servers.start_service(config.shipped_models, runtime=RUNTIMES[1]) as second,
    ):
        services = dict(zip(RUNTIMES, (first, second), strict=True))
        for server in services.values():
            use_every_model(server.url)
        for _ in range(config.rounds):
            for runtime, server in services.items():
                series[runtime].add_round(_measure_requests(server.url, config.seconds))
    return Results([metric for name in series["litert"].values for metric in _compare(name, series)])


def _compare(name: str, series: dict[str, Series]) -> list[Metric]:
    new, old = (series[runtime].values[name] for runtime in RUNTIMES)
    ratios = compute_ratios(new, old)
    return [
        Metric(f"{name}: LiteRT", new, maximum=LIMITS.get(name)),
        Metric(f"{name}: TensorFlow", old),
        Metric(f"{name}: LiteRT over TensorFlow", ratios, minimum=MINIMUMS.get(name), maximum=MAXIMUMS.get(name)),
    ]


def _measure_start(config: Config, runtime: str) -> dict[str, float]:
    """Memory is read after some requests."""
    with servers.start_service(config.shipped_models, runtime=runtime) as server:
        use_every_model(server.url)
        (engine,) = server.engines
        memory = [usage.read_pss(pid) for pid in (engine, server.pid, *server.workers)]
        os.kill(engine, signal.SIGKILL)
        started = time.monotonic()
        restart = _wait_for_answer(server.url, started)
        return {STARTUP: server.startup_seconds, RESTART: restart, ENGINE_PSS: memory[0], SERVICE_PSS: sum(memory)}


def _wait_for_answer(url: str, started: float) -> float:
    """Seconds until a request is refused, because the engine is gone, and then one is answered."""
    client = SerialClient(url, payloads.make_image_request("digits"))
    refused = False
    while time.monotonic() - started < 60:
        status = client.send()
        refused = refused or status != 200
        if refused and status == 200:
            return time.monotonic() - started
        time.sleep(0.005)
    raise RuntimeError("the engine did not come back")


def _measure_requests(url: str, seconds: float) -> dict[str, float]:
    photos = payloads.load_photos(64) or [payloads.make_photo_jpeg(400)] * 64
    digit, photo = payloads.make_image_request("digits"), payloads.make_image_request("cats-dogs", photos[0])
    batch = SerialClient(url, payloads.make_form_request("cats-dogs", photos))
    samples = SerialClient(url, payloads.make_generate_request(256))
    one = run_undisturbed_closed_loop(url, digit, 1, seconds)
    many = run_undisturbed_closed_loop(url, digit, 32, seconds)
    single = run_undisturbed_closed_loop(url, photo, 8, seconds)
    check_answers(one, many, single)
    return {
        BATCH: run_undisturbed(lambda: batch.measure_rate(seconds)) * 64,
        PHOTOS: single.rate,
        P50: one.p50 * 1000,
        DIGITS: many.rate,
        SAMPLES: run_undisturbed(lambda: samples.measure_rate(seconds)) * 256,
    }
