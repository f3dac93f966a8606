"""Measures the service, prints each figure with its target, and saves all figures and a plot in bench/."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    background_load,
    client_rate,
    fairness,
    idle,
    large_requests,
    onecore,
    overload,
    pictures,
    plot,
    pod_size,
    report,
    results_file,
    runtimes,
    scaling,
    served_models,
    single,
    single_grpc,
    soak,
    start,
    swap,
)
from tests.bench.config import OUT, Config

BENCHMARKS: dict[str, Callable[[Config], report.Results]] = {
    "single": single.measure_small_net,
    "single-shipped": single.measure_shipped_model,
    "single-grpc": single_grpc.measure,
    "pictures": pictures.measure,
    "large-requests": large_requests.measure,
    "client": client_rate.measure,
    "onecore": onecore.measure,
    "runtimes": runtimes.measure,
    "overload": overload.measure_digits,
    "overload-photos": overload.measure_photos,
    "fairness": fairness.measure,
    "swap": swap.measure,
    "start": start.measure,
    "idle": idle.measure,
    "connections": scaling.measure_connections,
    "rows": scaling.measure_rows,
    "sizes": scaling.measure_image_sizes,
    "workers": scaling.measure_workers,
    "servables": scaling.measure_servables,
    "pod-size": pod_size.measure,
    "soak": soak.measure,
}
LONG = ("soak",)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = ", ".join(BENCHMARKS)
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help=f"run only these: {names}")
    parser.add_argument("--soak", action="store_true", help="also make a million predictions; takes minutes")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per figure (default 5)")
    parser.add_argument("--seconds", type=float, default=3, help="seconds per round (default 3)")
    parser.add_argument("--models", type=Path, default=served_models.SHIPPED, help="folder of the shipped models")
    parser.add_argument("--net", type=Path, help="SavedModel of the small net")
    return parser.parse_args()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an exit also stops the servers that were started
    options = _parse_options()
    names = options.only or [name for name in BENCHMARKS if name not in LONG or options.soak]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        net = served_models.find_small_net(options.net)
        small_net_models = served_models.make_small_servable(net, Path(folder))
        config = Config(options.rounds, options.seconds, options.models, small_net_models)
        print(f"{'':70} {'min':>10}{'median':>10}{'max':>10}")
        for name in names:
            try:
                results = BENCHMARKS[name](config)
            except RuntimeError as error:
                failed.append(name)
                print(f"{name}: not measured: {error}.")
                continue
            results.disturbed = background_load.take_disturbances()
            report.print_results(results)
            results_file.save_results(name, results)
            plot.draw_results(results_file.load_results(), OUT / "results.png")
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
