"""Saves the results of benchmarks in bench/results.json, and loads them."""

import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.config import OUT, ROOT
from tests.bench.report import Curve, Metric, Results


def save_results(name: str, results: Results, path: Path = OUT / "results.json") -> None:
    """Replaces the results of this benchmark in the file. Those of other benchmarks stay."""
    path.parent.mkdir(exist_ok=True)
    document = json.loads(path.read_text()) if path.exists() else {}
    document = document if "measures" in document and "host" in document else {"measures": {}}
    document["host"] = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    document["measures"][name] = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _get_revision(),
        "disturbed": results.disturbed,
        "lines": [_metric_to_json(metric) for metric in results.metrics],
        "curves": [asdict(curve) for curve in results.curves],
    }
    path.write_text(json.dumps(document, indent=1))


def load_results(path: Path = OUT / "results.json") -> Results:
    """The metrics and curves of all benchmarks in the file."""
    results = Results()
    for benchmark in json.loads(path.read_text())["measures"].values():
        results.metrics += [_metric_from_json(line) for line in benchmark["lines"]]
        for curve in benchmark["curves"]:
            points = {int(position): point for position, point in curve["points"].items()}
            results.curves.append(Curve(curve["name"], curve["axis"], points))
    return results


def _metric_to_json(metric: Metric) -> dict[str, object]:
    body = asdict(metric)
    limits = {"least": body.pop("minimum"), "most": body.pop("maximum")}
    return body | limits | {"median": metric.median, "holds": metric.is_met}


def _metric_from_json(line: dict) -> Metric:
    return Metric(line["name"], line["values"], line["unit"], line["least"], line["most"], line["note"])


def _get_revision() -> str:
    command = ["git", "describe", "--always", "--dirty=+"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
