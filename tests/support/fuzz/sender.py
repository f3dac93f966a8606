"""Sends mutated requests to a service, from several clients at once."""

import gzip
import http.client
import random
import re
import socket
import threading
import time
from base64 import b64encode
from collections import Counter, defaultdict
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.support.fuzz.corpus import Seed, make_seeds
from tests.support.fuzz.mutate import mutate, mutate_tokens

_SECONDS = 20.0  # for an answer
_BUSY, _TRIES, _PAUSE = 503, 40, 0.05  # seconds
_STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.M)
_CHANGED_INSIDE = 0.5  # share of the compressed bodies that are whole, with a changed picture in them
_CHANGED_HEADER = 0.1  # share of the requests with a changed header value


class Fault(NamedTuple):
    """A request that was answered with 5xx or not at all; its body in base64."""

    number: int
    kind: str
    path: str
    outcome: str
    body: str


class Fuzzer:
    """Request number `n` is the same in every run, whichever client sends it."""

    def __init__(self, url: str, first: int, count: int, clients: int = 4) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 0
        self._numbers = iter(range(first, first + count))
        self._clients = clients
        self._lock = threading.Lock()
        self._seeds = make_seeds()
        self._bodies: dict[str, list[bytes]] = defaultdict(list)
        for seed in self._seeds:
            self._bodies[seed.kind].append(seed.body)
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self.faults: list[Fault] = []
        self.busy = 0  # answers of 503

    def run(self) -> None:
        threads = [threading.Thread(target=self._send_all) for _ in range(self._clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def make(self, number: int) -> Seed:
        rng = random.Random(number)
        seed = rng.choice(self._seeds)
        change = mutate_tokens if seed.kind == "json" else mutate
        if seed.kind == "gzip" and rng.random() < _CHANGED_INSIDE:
            body = gzip.compress(mutate(rng, gzip.decompress(seed.body), self._bodies["image"]), mtime=0)
        else:
            body = change(rng, seed.body, self._bodies[seed.kind])
        headers = dict(seed.headers)
        if headers and rng.random() < _CHANGED_HEADER:
            name = rng.choice(sorted(headers))
            value = mutate(rng, headers[name].encode(), [headers[name].encode()])
            headers[name] = re.sub(r"[^ -~]", "?", value.decode("latin-1"))[:500]
        return seed._replace(body=body, headers=headers)

    def _send_all(self) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                connection.close()
                return
            self._send(connection, number, self.make(number))

    def _send(self, connection: http.client.HTTPConnection, number: int, request: Seed) -> None:
        try:
            statuses = self._ask(connection, request)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            statuses, outcome = [0], type(error).__name__
        else:
            outcome = str(statuses)
        with self._lock:
            self.statuses[request.kind].update(statuses)
            if any(status == 0 or status >= 500 for status in statuses):
                body = b64encode(request.body[:3000]).decode()
                self.faults.append(Fault(number, request.kind, request.path, outcome, body))

    def _ask(self, connection: http.client.HTTPConnection, request: Seed) -> list[int]:
        """The statuses of the answers. 503 says that the budgets are spent by the other clients' requests: as a client
        should, ask again, at most until they have been answered."""
        for _ in range(_TRIES):
            statuses = self._send_raw(request.body) if request.kind == "head" else [self._post(connection, request)]
            if _BUSY not in statuses:
                break
            with self._lock:
                self.busy += 1
            time.sleep(_PAUSE)
        return statuses

    def _post(self, connection: http.client.HTTPConnection, request: Seed) -> int:
        connection.request("POST", request.path, request.body, request.headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def _send_raw(self, data: bytes) -> list[int]:
        """The statuses of all answers: none for a request that lacks its end."""
        received = bytearray()
        with socket.create_connection((self._host, self._port), timeout=_SECONDS) as sock:
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                while part := sock.recv(1 << 16):
                    received += part
            except ConnectionError:
                pass  # refused before all was sent
        return [int(status) for status in _STATUS.findall(bytes(received))]
