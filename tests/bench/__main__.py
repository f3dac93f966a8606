"""Runs every measure, prints ratios with their least, median and greatest, and writes bench/results.json and a plot."""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from tests.bench import load, plot, servers

ROOT = servers.ROOT
OUT = ROOT / "bench"
PEER_NET = ROOT.parent / "shared/peers/model"
PHOTOS = ROOT.parent / "shared/data/samples"

Series = dict[str, list[float]]


def digit_png() -> bytes:
    """A seven, as a 28x28 grey PNG."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6:9, 7:21] = 240
    for step in range(14):
        pixels[8 + step, 18 - step // 2 : 21 - step // 2] = 240
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def multipart(parts: list[bytes]) -> tuple[bytes, str]:
    body = b"".join(
        b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + part + b"\r\n" for part in parts
    )
    return body + b"--X--\r\n", "multipart/form-data; boundary=X"


def plain(kind: str, model: Path, rounds: int, files: list[Path] | None = None) -> list[float]:
    """Items a second in one process, round by round."""
    words = [sys.executable, "-m", "tests.bench.plain", kind, str(model), str(rounds), *map(str, files or [])]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [float(line) for line in told.split()]


def newest(models: Path, name: str) -> Path:
    return max((models / name).iterdir(), key=lambda path: int(path.name))


def single(models: Path, title: str, rounds: int, seconds: float) -> Series:
    """One digit PNG a request: requests/s at 1 and 32 connections, beside the route that only reads the body."""
    png, found = digit_png(), {}

    def note(name: str, value: float) -> None:
        found.setdefault(f"{title}: {name}", []).append(value)

    for _ in range(rounds):
        with servers.ceiling() as url:
            load.post(f"{url}/predict/digits", png, "image/png", 16, 1)
            best = load.post(f"{url}/predict/digits", png, "image/png", 32, seconds)
        with servers.service(models, workers="2") as url:
            load.post(f"{url}/predict/digits", png, "image/png", 16, 1)
            one = load.post(f"{url}/predict/digits", png, "image/png", 1, seconds)
            many = load.post(f"{url}/predict/digits", png, "image/png", 32, seconds)
        assert one.failed == many.failed == 0, "a request failed"
        note("requests/s at 32 connections", many.rate)
        note("of the body-only route", many.rate / best.rate)
        note("p50 at 1 connection, ms", one.p50 * 1000)
        note("p99 over p50 at 32 connections", many.p99 / many.p50)
    return found


def many_images(models: Path, name: str, title: str, bodies: list[bytes], rounds: int) -> Series:
    """Images a second in multipart requests of many, beside decode and SavedModel in one plain process."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / str(at) for at in range(len(bodies))]
        for file, data in zip(files, bodies, strict=True):
            file.write_bytes(data)
        bare = plain("images", newest(models, name), rounds, files)
    body, kind = multipart(bodies)
    with servers.service(models, workers="2") as url:
        rates = _repeat(lambda: _post(f"{url}/predict/{name}", body, kind), len(bodies), rounds)
    return {
        f"{title}, images/s": rates,
        f"{title}, of one plain process": [ours / best for ours, best in zip(rates, bare, strict=True)],
    }


def samples(models: Path, rounds: int) -> Series:
    """256 samples as npy, beside the bare generator."""
    bare = plain("samples", newest(models, "digits-gan"), rounds)
    with servers.service(models, workers="2") as url:
        ask = f"{url}/generate/digits-gan?count=256&format=npy"
        rates = _repeat(lambda: requests.get(ask, timeout=60).raise_for_status(), 256, rounds)
    return {
        "256 samples as npy, samples/s": rates,
        "256 samples as npy, of the bare generator": [ours / best for ours, best in zip(rates, bare, strict=True)],
    }


def _post(url: str, body: bytes, kind: str) -> None:
    requests.post(url, data=body, headers={"Content-Type": kind}, timeout=60).raise_for_status()


def _repeat(once: Callable[[], object], items: int, rounds: int, seconds: float = 1.0) -> list[float]:
    """Items a second, a figure a round."""
    rates = []
    for _ in range(3):
        once()
    for _ in range(rounds):
        started, done = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            once()
            done += items
        rates.append(done / (time.perf_counter() - started))
    return rates


def connections(models: Path, seconds: float) -> dict[int, load.Result]:
    """How cost grows with connections, 1 to 256."""
    png = digit_png()
    with servers.service(models, workers="2") as url:
        load.post(f"{url}/predict/digits", png, "image/png", 16, 1)
        counts = [1, 2, 4, 8, 16, 32, 64, 128, 256]
        return {count: load.post(f"{url}/predict/digits", png, "image/png", count, seconds) for count in counts}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=3)
    chosen = options.parse_args()
    found: Series = {}
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder)
        if PEER_NET.exists():
            words = [sys.executable, "-m", "tests.bench.small", str(PEER_NET), str(small / "digits/1")]
            subprocess.run(words, cwd=ROOT, check=True, capture_output=True, env={**os.environ})
            found |= single(small, "small net", chosen.rounds, chosen.seconds)
        shipped = ROOT / "models"
        found |= single(shipped, "digits", chosen.rounds, chosen.seconds)
        net = small if PEER_NET.exists() else shipped
        found |= many_images(net, "digits", "64 PNG digits a request", [digit_png()] * 64, chosen.rounds)
        if PHOTOS.exists():
            photos = [path.read_bytes() for path in sorted(PHOTOS.rglob("*.jpg"))[:64]]
            found |= many_images(shipped, "cats-dogs", "64 photos a request", photos, chosen.rounds)
        found |= samples(shipped, chosen.rounds)
        curve = connections(net, chosen.seconds)
    OUT.mkdir(exist_ok=True)
    shown = {count: vars(result) for count, result in curve.items()}
    (OUT / "results.json").write_text(json.dumps({"measures": found, "connections": shown}, indent=1))
    plot.draw(found, curve, OUT / "results.png")
    for name, values in found.items():
        print(f"{name:58} {min(values):9.2f} {statistics.median(values):9.2f} {max(values):9.2f}")


if __name__ == "__main__":
    main()
