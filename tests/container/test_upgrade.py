"""Two replicas behind haproxy: an upgrade loses nothing, and a node that vanishes only what it was answering."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

import pytest
import requests

from tests.container import haproxy, podman
from tests.container.cluster import Cluster
from tests.container.podman import Podman
from tests.container.test_container import draw_seven
from tests.support.load import Load
from tests.support.waiting import wait_until

SKIP_REASON = podman.find_skip_reason() or haproxy.find_skip_reason()
pytestmark = pytest.mark.skipif(bool(SKIP_REASON), reason=SKIP_REASON)

THREADS = 4
THINK_SECONDS = 0.02  # between a thread's requests: replicas start on the same cores
RETRY_SECONDS = 1.0  # before the second try: a replica that is being killed takes connections for some moments
SEVEN = draw_seven()


@pytest.fixture(scope="module")
def pair(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(podman, tmp_path_factory.mktemp("haproxy"))
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(pair: Cluster) -> Cluster:
    """Two replicas that serve."""
    pair.start_replicas(2 - len(pair.replicas))
    return pair


@dataclass
class Sender:
    """Sends digits and, now and then, asks for many samples, which take longer.

    With two tries, a broken connection or a bad status is tried once more after a pause; `failures` are when such
    tries were sent.
    """

    url: str
    tries: int = 1
    failures: list[float] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def __call__(self, session: requests.Session) -> requests.Response:
        time.sleep(THINK_SECONDS)
        send = self._choose(session, next(self._numbers))
        for _ in range(self.tries - 1):
            sent_at = time.monotonic()
            with contextlib.suppress(requests.ConnectionError):
                if (response := send()).status_code == 200:
                    return response
            self.failures.append(sent_at)
            time.sleep(RETRY_SECONDS)
        return send()

    def _choose(self, session: requests.Session, number: int) -> Callable[[], requests.Response]:
        if number % 8:
            return lambda: session.post(f"{self.url}/predict/digits", SEVEN, timeout=30)
        return lambda: session.get(f"{self.url}/generate/digits-gan?count=64&format=npy", timeout=30)


class HalfSent:
    """A request whose body has half arrived: a replica has it in hand until `finish`."""

    def __init__(self, url: str) -> None:
        self._client = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port or 80), timeout=30)
        head = (
            f"POST /predict/digits HTTP/1.1\r\nHost: here\r\nContent-Length: {len(SEVEN)}\r\nConnection: close\r\n\r\n"
        )
        self._client.sendall(head.encode() + SEVEN[:100])

    def finish(self) -> int:
        """The status of the response."""
        with self._client as client:
            client.sendall(SEVEN[100:])
            return int(b"".join(iter(lambda: client.recv(1 << 16), b""))[9:12])


def test_upgrade_under_load_fails_no_request(cluster: Cluster) -> None:
    """One new replica at a time, as `maxSurge: 1` and `maxUnavailable: 0` have it."""
    old = list(cluster.replicas)
    with Load(Sender(cluster.haproxy.plain_url), THREADS) as load, ThreadPoolExecutor() as pool:
        load.wait_for_responses()
        ends = []
        for _ in old:
            cluster.start_replicas(1)
            ends.append(pool.submit(cluster.end_replica))
        for end in ends:
            end.result()
        load.wait_for_responses()
    assert load.errors == [] and set(load.statuses) == {200}
    assert len(cluster.replicas) == 2 and not set(old) & set(cluster.replicas)
    for replica in (*old, *cluster.replicas):
        assert cluster.haproxy.count_requests(replica) > THREADS


def test_replica_that_vanishes_takes_only_its_own_requests_along(cluster: Cluster) -> None:
    balancer, victim = cluster.haproxy, cluster.replicas[0]
    held = [HalfSent(balancer.redispatching_url) for _ in range(4)]
    wait_until(lambda: [balancer.count_requests_in_flight(replica) for replica in cluster.replicas] == [2, 2])
    sender = Sender(balancer.redispatching_url, tries=2)
    with Load(sender, THREADS) as load:
        load.wait_for_responses()
        cluster.kill_replica()
        gone = time.monotonic()
        statuses = sorted(request.finish() for request in held)
        wait_until(lambda: balancer.is_down(victim), 20, "haproxy has noticed")
        load.wait_for_responses()
    assert statuses == [200, 200, 502, 502]
    assert len(sender.failures) <= THREADS and all(sent_at < gone for sent_at in sender.failures)
    assert load.errors == [] and set(load.statuses) == {200}  # who tries twice sees nothing
