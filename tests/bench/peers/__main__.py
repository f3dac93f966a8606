"""One digit PNG a POST, ten probabilities out, on every peer, on Inkpaw, and on a route that only reads the body."""

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
from tests.bench.closed_loop import Asker, closed, steady
from tests.bench.payloads import Ask
from tests.bench.peers import table
from tests.bench.peers.catalog import HERE, PEERS, Peer
from tests.bench.peers.setup import programs, setup

PEERS_BY_NAME = {peer.name: peer for peer in PEERS}
NAMES = tuple(table.TITLES)


@contextmanager
def _peer(peer: Peer, net: Path) -> Iterator[servers.Server]:
    port, *more = (servers.free_port() for _ in range(3))
    env = {
        "BENCH_MODEL": str(net),
        "BENCH_PORT": str(port),
        "BENCH_MORE_PORTS": ",".join(map(str, more)),
        "PYTHONPATH": str(HERE / "servers"),
        "PATH": f"{programs(peer)}:{os.environ['PATH']}",
        "BENTOML_DO_NOT_TRACK": "1",
        "LITSERVE_DISABLE_UPDATE_CHECK": "1",
    }
    program, *words = peer.command.format(port=port).split()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in peer.files(port, more).items():
            (Path(folder) / name).write_text(text)
        command, url = [str(programs(peer) / program), *words], f"http://127.0.0.1:{port}"
        with servers.running(command, url, peer.ready, env, cwd=Path(folder)) as server:
            yield server


@contextmanager
def _server(name: str, net: Path) -> Iterator[tuple[servers.Server, Ask]]:
    """The server of that name, with the same net, and what it is asked."""
    if name == table.CEILING:
        with servers.ceiling() as server:
            yield server, payloads.one("digits")
    else:
        peer = PEERS_BY_NAME[name]
        with _peer(peer, net) as server:
            yield server, peer.ask(payloads.digit_png())


def _beside(ours: servers.Server, name: str, net: Path, rounds: int, seconds: float) -> table.Pair:
    """Rounds of that server and of Inkpaw in turns, so that both have the same minutes of the machine.

    Raises RuntimeError with a sentence when the server does not come up or does not answer.
    """
    with _server(name, net) as (other, ask):
        alike = name == table.CEILING or table.near(_answer(other, ask), _answer(ours, payloads.one("digits")))
        pair = table.Pair(name, table.Figures(), table.Figures(), alike)
        sides = ((pair.theirs, other.url, ask), (pair.ours, ours.url, payloads.one("digits")))
        for _, url, said in sides:
            closed(url, said, 16, 3)
        for _ in range(rounds):
            for connections in table.CONNECTIONS:
                for figures, url, said in sides:
                    figures.add(connections, steady(url, said, connections, seconds))
    return pair


def _answer(server: servers.Server, ask: Ask) -> list[float]:
    """The ten probabilities of the digit. Raises RuntimeError if they do not come."""
    asker = Asker(server.url, ask)
    status = asker.once()
    found = _ten(json.loads(asker.answer)) if status == 200 else None
    if found is None:
        raise RuntimeError(f"it answers {status}: {asker.answer[:200].decode(errors='replace')}")
    return found


def _ten(answer: object) -> list[float] | None:
    """The ten numbers that lie next to one another somewhere in it."""
    inner = list(answer.values()) if isinstance(answer, dict) else answer if isinstance(answer, list) else []
    if len(inner) == 10 and all(isinstance(each, float | int) for each in inner):
        return [float(each) for each in inner]
    return next((found for each in inner if (found := _ten(each))), None)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    options.add_argument("--only", default=",".join(NAMES), help="some of these, with commas (all)")
    options.add_argument("--rounds", type=int, default=3, help="of each figure (3)")
    options.add_argument("--seconds", type=float, default=5, help="of each round (5)")
    options.add_argument("--net", type=Path, help="the SavedModel to serve: float32 [N,28,28,1]")
    options.add_argument("--setup", action="store_true", help="make the environments, measure nothing")
    return options.parse_args()


def _each(names: list[str], once: Callable[[str], None]) -> list[str]:
    """Do it for each; which could not be done, with a sentence about each on the way."""
    failed = []
    for name in names:
        try:
            once(name)
        except RuntimeError as error:
            failed.append(name)
            print(f"{table.TITLES[name]}: {error}.", flush=True)
    return failed


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    chosen = _options()
    names = chosen.only.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        sys.exit(f"There is no {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    failed = _each([name for name in names if name in PEERS_BY_NAME], lambda name: setup(PEERS_BY_NAME[name]))
    if not chosen.setup:
        net = served_models.source(chosen.net)
        with (
            tempfile.TemporaryDirectory() as folder,
            servers.service(served_models.servable(net, Path(folder))) as ours,
        ):
            measured = [name for name in names if name not in failed]
            failed += _each(measured, lambda name: table.keep(_beside(ours, name, net, chosen.rounds, chosen.seconds)))
        if others := background_load.told():
            print(f"{len(others)} figures were taken while others used up to {max(others):.1f} cores.")
        table.show([name for name in names if name not in failed])
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
