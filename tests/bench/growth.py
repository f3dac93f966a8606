"""How cost grows: requests/s and p99 against connections, rows a request, image size, workers and servables."""

import shutil
import tempfile
from pathlib import Path

from tests.bench import inputs, nets, servers
from tests.bench.load import closed, steady
from tests.bench.report import Curve, Found
from tests.bench.run import Run

CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
SIDES = [28, 64, 128, 256, 512, 1024, 2048, 4000]
WORKERS = [1, 2, 3, 4]
SERVABLES = ["digits", "digits-b", "digits-c"]


def measure(run: Run) -> Found:
    return Found(curves=[*_of_one_service(run), *_of_images(run), _of_workers(run), _of_servables(run)])


def _of_one_service(run: Run) -> list[Curve]:
    one, png = inputs.one("digits"), inputs.digit_png()
    with servers.service(run.small) as server:
        closed(server.url, one, 16, 2)
        connections = {many: steady(server.url, one, many, run.seconds).point() for many in CONNECTIONS}
        rows = {}
        for count in ROWS:
            point = steady(server.url, inputs.many("digits", [png] * count), 4, run.seconds).point()
            rows[count] = point | {"rows_rate": point["rate"] * count}
    return [
        Curve("one digit a request", "connections", connections),
        Curve("PNG digits in a form, 4 connections", "rows a request", rows),
    ]


def _of_images(run: Run) -> list[Curve]:
    digits, photos = {}, {}
    with servers.service(run.shipped) as server:
        for side in SIDES:
            digit = inputs.one("digits", inputs.digit_png(side))
            photo = inputs.one("cats-dogs", inputs.photo_jpeg(side))
            digits[side] = steady(server.url, digit, 4, run.seconds).point()
            photos[side] = steady(server.url, photo, 4, run.seconds).point()
    return [
        Curve("a PNG digit, 4 connections", "pixels a side", digits),
        Curve("a JPEG photo, 4 connections", "pixels a side", photos),
    ]


def _of_workers(run: Run) -> Curve:
    points = {}
    for workers in WORKERS:
        with servers.service(run.small, workers) as server:
            closed(server.url, inputs.one("digits"), 16, 2)
            points[workers] = steady(server.url, inputs.one("digits"), 32, run.seconds).point()
    return Curve("one digit a request, 32 connections", "workers", points)


def _of_servables(run: Run) -> Curve:
    """The same load, spread over one, two or three servables of the same net."""
    points = {}
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        shutil.copytree(run.small, models, dirs_exist_ok=True)
        nets.copies(models, SERVABLES)
        with servers.service(models) as server:
            closed(server.url, [inputs.one(name) for name in SERVABLES], 16, 2)
            for count in range(1, len(SERVABLES) + 1):
                asks = [inputs.one(name) for name in SERVABLES[:count]]
                points[count] = steady(server.url, asks, 32, run.seconds).point()
    return Curve("one digit a request, 32 connections", "servables in use", points)
