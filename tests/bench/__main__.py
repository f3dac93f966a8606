"""Measures the service in one quiet run, prints each figure with its bar, and keeps them in bench/ with a picture."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    background_load,
    fairness,
    idle,
    large_requests,
    onecore,
    overload,
    plot,
    report,
    scaling,
    served_models,
    single,
    soak,
    start,
    swap,
)
from tests.bench.config import Run

MEASURES: dict[str, Callable[[Run], report.Found]] = {
    "single": single.small,
    "shipped": single.shipped,
    "bulk": large_requests.measure,
    "onecore": onecore.measure,
    "overload": overload.digits,
    "overload-photos": overload.photos,
    "flood": fairness.measure,
    "swap": swap.measure,
    "start": start.measure,
    "idle": idle.measure,
    "connections": scaling.connections,
    "rows": scaling.rows,
    "sizes": scaling.sizes,
    "workers": scaling.workers,
    "servables": scaling.servables,
    "soak": soak.measure,
}
LONG = ("soak",)


def _chosen() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--only", nargs="+", choices=MEASURES, metavar="NAME", help=f"of {', '.join(MEASURES)}")
    options.add_argument("--soak", action="store_true", help="a million predictions too: minutes")
    options.add_argument("--rounds", type=int, default=5, help="of each figure (5)")
    options.add_argument("--seconds", type=float, default=3, help="of each round (3)")
    options.add_argument("--net", type=Path, help="the SavedModel of the small net")
    return options.parse_args()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    chosen = _chosen()
    names = chosen.only or [name for name in MEASURES if name not in LONG or chosen.soak]
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        small = served_models.servable(served_models.source(chosen.net), Path(folder))
        run = Run(chosen.rounds, chosen.seconds, served_models.SHIPPED, small)
        print(f"{'':70} {'least':>10}{'median':>10}{'most':>10}")
        for name in names:
            try:
                found = MEASURES[name](run)
            except RuntimeError as error:
                missed.append(name)
                print(f"{name}: not measured: {error}.")
                continue
            found.disturbed = background_load.told()
            report.show(found)
            report.keep(name, found)
            plot.draw(report.kept(), report.OUT / "results.png")
    if missed:
        sys.exit(f"Not measured: {', '.join(missed)}.")


if __name__ == "__main__":
    main()
