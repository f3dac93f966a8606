"""How cost grows: requests/s and p99 against connections, rows per request, image size, workers and servables."""

import shutil
import tempfile
from pathlib import Path

from tests.bench import payloads, served_models, servers
from tests.bench.closed_loop import run_closed_loop, run_undisturbed_closed_loop
from tests.bench.config import Config
from tests.bench.report import Curve, Results

CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
SIDES = [28, 64, 128, 256, 512, 1024, 2048, 4000]
WORKERS = [1, 2, 3, 4]
SERVABLES = ["digits", "digits-b", "digits-c"]


def measure_connections(config: Config) -> Results:
    request = payloads.make_image_request("digits")
    points = {}
    with servers.start_service(config.small_net_models) as server:
        run_closed_loop(server.url, request, 16, 2)
        for count in CONNECTIONS:
            points[count] = run_undisturbed_closed_loop(server.url, request, count, config.seconds).to_point()
    return Results(curves=[Curve("one digit per request", "connections", points)])


def measure_rows(config: Config) -> Results:
    png, points = payloads.make_digit_png(), {}
    with servers.start_service(config.small_net_models) as server:
        run_closed_loop(server.url, payloads.make_image_request("digits"), 16, 2)
        for count in ROWS:
            request = payloads.make_form_request("digits", [png] * count)
            point = run_undisturbed_closed_loop(server.url, request, 4, config.seconds).to_point()
            points[count] = point | {"rows_rate": point["rate"] * count}
    return Results(curves=[Curve("PNG digits in a form, 4 connections", "rows per request", points)])


def measure_image_sizes(config: Config) -> Results:
    """From 64 pixels on, a digit does not have MNIST's form and is converted to it."""
    digits, photos = {}, {}
    with servers.start_service(config.shipped_models) as server:
        for side in SIDES:
            digit = payloads.make_image_request("digits", payloads.make_digit_png(side))
            photo = payloads.make_image_request("cats-dogs", payloads.make_photo_jpeg(side))
            digits[side] = run_undisturbed_closed_loop(server.url, digit, 4, config.seconds).to_point()
            photos[side] = run_undisturbed_closed_loop(server.url, photo, 4, config.seconds).to_point()
    curves = {"a PNG digit, 4 connections": digits, "a JPEG photo, 4 connections": photos}
    return Results(curves=[Curve(name, "pixels per side", points) for name, points in curves.items()])


def measure_workers(config: Config) -> Results:
    request, points = payloads.make_image_request("digits"), {}
    for count in WORKERS:
        with servers.start_service(config.small_net_models, count) as server:
            run_closed_loop(server.url, request, 16, 2)
            points[count] = run_undisturbed_closed_loop(server.url, request, 32, config.seconds).to_point()
    return Results(curves=[Curve("one digit per request, 32 connections", "workers", points)])


def measure_servables(config: Config) -> Results:
    """The same load, spread over one, two or three servables of the same net."""
    points = {}
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        shutil.copytree(config.small_net_models, models, dirs_exist_ok=True)
        served_models.copy_model(models, SERVABLES)
        requests = [payloads.make_image_request(name) for name in SERVABLES]
        with servers.start_service(models) as server:
            run_closed_loop(server.url, requests, 16, 2)
            for count in range(1, len(SERVABLES) + 1):
                result = run_undisturbed_closed_loop(server.url, requests[:count], 32, config.seconds)
                points[count] = result.to_point()
    return Results(curves=[Curve("one digit per request, 32 connections", "servables in use", points)])
