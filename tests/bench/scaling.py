"""How cost grows: requests/s and p99 against connections, rows a request, image size, workers and servables."""

import shutil
import tempfile
from pathlib import Path

from tests.bench import payloads, served_models, servers
from tests.bench.closed_loop import closed, steady
from tests.bench.config import Run
from tests.bench.report import Curve, Found

CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
SIDES = [28, 64, 128, 256, 512, 1024, 2048, 4000]
WORKERS = [1, 2, 3, 4]
SERVABLES = ["digits", "digits-b", "digits-c"]


def connections(run: Run) -> Found:
    ask = payloads.one("digits")
    with servers.service(run.small) as server:
        closed(server.url, ask, 16, 2)
        points = {many: steady(server.url, ask, many, run.seconds).point() for many in CONNECTIONS}
    return Found(curves=[Curve("one digit a request", "connections", points)])


def rows(run: Run) -> Found:
    png, points = payloads.digit_png(), {}
    with servers.service(run.small) as server:
        closed(server.url, payloads.one("digits"), 16, 2)
        for count in ROWS:
            point = steady(server.url, payloads.many("digits", [png] * count), 4, run.seconds).point()
            points[count] = point | {"rows_rate": point["rate"] * count}
    return Found(curves=[Curve("PNG digits in a form, 4 connections", "rows a request", points)])


def sizes(run: Run) -> Found:
    """From 64 pixels on, a digit is no longer in MNIST's form, and is brought to it."""
    digits, photos = {}, {}
    with servers.service(run.shipped) as server:
        for side in SIDES:
            digit = payloads.one("digits", payloads.digit_png(side))
            photo = payloads.one("cats-dogs", payloads.photo_jpeg(side))
            digits[side] = steady(server.url, digit, 4, run.seconds).point()
            photos[side] = steady(server.url, photo, 4, run.seconds).point()
    kinds = {"a PNG digit, 4 connections": digits, "a JPEG photo, 4 connections": photos}
    return Found(curves=[Curve(name, "pixels a side", points) for name, points in kinds.items()])


def workers(run: Run) -> Found:
    points = {}
    for count in WORKERS:
        with servers.service(run.small, count) as server:
            closed(server.url, payloads.one("digits"), 16, 2)
            points[count] = steady(server.url, payloads.one("digits"), 32, run.seconds).point()
    return Found(curves=[Curve("one digit a request, 32 connections", "workers", points)])


def servables(run: Run) -> Found:
    """The same load, spread over one, two or three servables of the same net."""
    points = {}
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        shutil.copytree(run.small, models, dirs_exist_ok=True)
        served_models.copies(models, SERVABLES)
        with servers.service(models) as server:
            closed(server.url, [payloads.one(name) for name in SERVABLES], 16, 2)
            for count in range(1, len(SERVABLES) + 1):
                asks = [payloads.one(name) for name in SERVABLES[:count]]
                points[count] = steady(server.url, asks, 32, run.seconds).point()
    return Found(curves=[Curve("one digit a request, 32 connections", "servables in use", points)])
