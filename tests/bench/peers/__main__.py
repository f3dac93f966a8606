"""One digit PNG a POST, ten probabilities out, on every peer, on Inkpaw, and on a route that only reads the body."""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import inputs, nets, servers
from tests.bench.load import Asker, closed
from tests.bench.peers import table
from tests.bench.peers.catalog import HERE, PEERS, Peer
from tests.bench.peers.setup import environment

PEERS_BY_NAME = {peer.name: peer for peer in PEERS}
NAMES = (*PEERS_BY_NAME, table.OURS, table.CEILING)


@contextmanager
def _peer(peer: Peer, net: Path) -> Iterator[servers.Server]:
    programs = environment(peer)
    port, *more = (servers.free_port() for _ in range(3))
    env = {
        "BENCH_MODEL": str(net),
        "BENCH_PORT": str(port),
        "BENCH_MORE_PORTS": ",".join(map(str, more)),
        "PYTHONPATH": str(HERE / "servers"),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "BENTOML_DO_NOT_TRACK": "1",
        "LITSERVE_DISABLE_UPDATE_CHECK": "1",
    }
    program, *words = peer.command.format(port=port).split()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in peer.files(port, more).items():
            (Path(folder) / name).write_text(text)
        command, url = [str(programs / program), *words], f"http://127.0.0.1:{port}"
        with servers.running(command, url, peer.ready, env, cwd=Path(folder)) as server:
            yield server


@contextmanager
def _server(name: str, net: Path) -> Iterator[tuple[servers.Server, inputs.Ask]]:
    """The server of that name, with the same net, and what it is asked."""
    with contextlib.ExitStack() as stack:
        if name == table.CEILING:
            yield stack.enter_context(servers.ceiling()), inputs.one("digits")
        elif name == table.OURS:
            models = nets.servable(net, Path(stack.enter_context(tempfile.TemporaryDirectory())))
            yield stack.enter_context(servers.service(models)), inputs.one("digits")
        else:
            peer = PEERS_BY_NAME[name]
            yield stack.enter_context(_peer(peer, net)), peer.ask(inputs.digit_png())


def _measure(name: str, net: Path, rounds: int, seconds: float) -> table.Row:
    """Raises RuntimeError with a sentence when the server does not come up or does not answer."""
    with _server(name, net) as (server, ask):
        asker = Asker(server.url, ask)
        status, answer = asker.once(), asker.answer
        if status != 200:
            raise RuntimeError(f"it answers {status}: {answer[:200].decode(errors='replace')}")
        row = table.Row(name, _ten(json.loads(answer)) or [])
        if name != table.CEILING and len(row.answer) != 10:
            raise RuntimeError(f"it does not answer with ten probabilities: {answer[:200].decode(errors='replace')}")
        closed(server.url, ask, 16, 3)
        for _ in range(rounds):
            for connections in table.CONNECTIONS:
                row.add(connections, closed(server.url, ask, connections, seconds))
    return row


def _ten(answer: object) -> list[float] | None:
    """The ten numbers that lie next to one another somewhere in it."""
    inner = list(answer.values()) if isinstance(answer, dict) else answer if isinstance(answer, list) else []
    if len(inner) == 10 and all(isinstance(each, float | int) for each in inner):
        return [float(each) for each in inner]
    return next((found for each in inner if (found := _ten(each))), None)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    options = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    options.add_argument("--only", default=",".join(NAMES), help="some of these, with commas (all)")
    options.add_argument("--rounds", type=int, default=3, help="of each figure (3)")
    options.add_argument("--seconds", type=float, default=5, help="of each round (5)")
    options.add_argument("--net", type=Path, help="the SavedModel to serve: float32 [N,28,28,1]")
    options.add_argument("--setup", action="store_true", help="make the environments, measure nothing")
    chosen = options.parse_args()
    names = chosen.only.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        sys.exit(f"There is no {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    net, failed = nets.source(chosen.net), []
    for name in names:
        try:
            if name in PEERS_BY_NAME:
                environment(PEERS_BY_NAME[name])
            if not chosen.setup:
                table.keep(_measure(name, net, chosen.rounds, chosen.seconds))
        except RuntimeError as error:
            failed.append(name)
            print(f"{table.TITLES[name]} was not measured: {error}.", flush=True)
    if not chosen.setup:
        table.show(names)
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
