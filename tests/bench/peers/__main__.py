"""Compares Inkpaw with other model servers and a route that only reads the body: one digit PNG per request."""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import background_load, payloads, served_models, servers
from tests.bench.closed_loop import SerialClient, run_closed_loop, run_undisturbed_closed_loop
from tests.bench.payloads import Request
from tests.bench.peers import table
from tests.bench.peers.catalog import FOLDER, PEERS, Peer
from tests.bench.peers.setup import get_bin_folder, set_up
from tests.support.tcp import find_free_ports

PEERS_BY_NAME = {peer.name: peer for peer in PEERS}
NAMES = tuple(table.TITLES)


@contextmanager
def _start_peer(peer: Peer, net: Path) -> Iterator[servers.Server]:
    port, *extra_ports = find_free_ports(3)
    env = {
        "BENCH_MODEL": str(net),
        "BENCH_PORT": str(port),
        "BENCH_EXTRA_PORTS": ",".join(map(str, extra_ports)),
        "PYTHONPATH": str(FOLDER / "servers"),
        "PATH": f"{get_bin_folder(peer)}:{os.environ['PATH']}",
        "BENTOML_DO_NOT_TRACK": "1",
        "LITSERVE_DISABLE_UPDATE_CHECK": "1",
    }
    program, *arguments = peer.command.format(port=port).split()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in peer.make_files(port, extra_ports).items():
            (Path(folder) / name).write_text(text)
        command, url = [str(get_bin_folder(peer) / program), *arguments], f"http://127.0.0.1:{port}"
        with servers.start_server(command, url, peer.ready_path, env, cwd=Path(folder)) as server:
            yield server


@contextmanager
def _start_server(name: str, net: Path) -> Iterator[tuple[servers.Server, Request]]:
    """The server of that name with this net, and its request for one digit."""
    if name == table.CEILING:
        with servers.start_body_only_app() as server:
            yield server, payloads.make_image_request("digits")
    else:
        peer = PEERS_BY_NAME[name]
        with _start_peer(peer, net) as server:
            yield server, peer.make_request(payloads.make_digit_png())


def _compare(ours: servers.Server, name: str, net: Path, rounds: int, seconds: float) -> table.Pair:
    """Rounds of that server and of Inkpaw take turns, so that both have the same minutes of the machine.

    Raises RuntimeError with a sentence when the server does not start or does not answer.
    """
    our_request = payloads.make_image_request("digits")
    with _start_server(name, net) as (other, request):
        alike = name == table.CEILING or table.are_close(
            _fetch_probabilities(other, request), _fetch_probabilities(ours, our_request)
        )
        pair = table.Pair(name, table.Figures(), table.Figures(), alike)
        sides = ((pair.theirs, other.url, request), (pair.ours, ours.url, our_request))
        for _, url, side_request in sides:
            run_closed_loop(url, side_request, 16, 3)
        for _ in range(rounds):
            for connections in table.CONNECTIONS:
                for figures, url, side_request in sides:
                    figures.add(connections, run_undisturbed_closed_loop(url, side_request, connections, seconds))
    return pair


def _fetch_probabilities(server: servers.Server, request: Request) -> list[float]:
    """The ten probabilities of the digit. Raises RuntimeError if the response has none."""
    client = SerialClient(server.url, request)
    status = client.send()
    probabilities = _find_ten_numbers(json.loads(client.response_body)) if status == 200 else None
    if probabilities is None:
        raise RuntimeError(f"it answers {status}: {client.response_body[:200].decode(errors='replace')}")
    return probabilities


def _find_ten_numbers(value: object) -> list[float] | None:
    """The first object or array of exactly ten numbers, at any depth of the JSON."""
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if len(items) == 10 and all(isinstance(item, float | int) for item in items):
        return [float(item) for item in items]
    return next((numbers for item in items if (numbers := _find_ten_numbers(item))), None)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--only", default=",".join(NAMES), help=f"names, with commas between them ({','.join(NAMES)})")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per figure (default 3)")
    parser.add_argument("--seconds", type=float, default=5, help="seconds per round (default 5)")
    parser.add_argument("--net", type=Path, help="SavedModel to serve; its input is float32 [N,28,28,1]")
    parser.add_argument("--setup", action="store_true", help="make the environments and measure nothing")
    return parser.parse_args()


def _run_for_each(names: list[str], action: Callable[[str], None]) -> list[str]:
    """Returns the names for which the action raised RuntimeError, after printing each error."""
    failed = []
    for name in names:
        try:
            action(name)
        except RuntimeError as error:
            failed.append(name)
            print(f"{table.TITLES[name]}: {error}.", flush=True)
    return failed


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # an exit also stops the servers that were started
    options = _parse_options()
    names = options.only.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        sys.exit(f"Unknown server: {', '.join(unknown)}. Known servers: {', '.join(NAMES)}.")
    peers = [name for name in names if name in PEERS_BY_NAME]
    failed = _run_for_each(peers, lambda name: set_up(PEERS_BY_NAME[name]))
    if not options.setup:
        net = served_models.find_small_net(options.net)
        with (
            tempfile.TemporaryDirectory() as folder,
            servers.start_service(served_models.make_small_servable(net, Path(folder))) as ours,
        ):
            failed += _run_for_each(
                [name for name in names if name not in failed],
                lambda name: table.save_pair(_compare(ours, name, net, options.rounds, options.seconds)),
            )
        if disturbances := background_load.take_disturbances():
            count, cores = len(disturbances), max(disturbances)
            print(f"{count} figures were taken while other processes used up to {cores:.1f} cores.")
        table.print_table([name for name in names if name not in failed])
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
