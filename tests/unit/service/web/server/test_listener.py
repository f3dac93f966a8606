"""How fast a worker accepts connections: other workers get their share, and a busy worker does not fall behind."""

import socket as blocking
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import gevent
from gevent import socket
from gevent.event import Event
from gevent.pool import Pool

from service.web.server.listener import Listener


@contextmanager
def make_waiting_clients(count: int) -> Iterator[tuple[Listener, list[float]]]:
    """A listener that is not started, with `count` waiting connections. The list gets the time of each accept."""
    accepted: list[float] = []
    with ExitStack() as stack:
        port = stack.enter_context(socket.socket())
        port.bind(("127.0.0.1", 0))
        port.listen(count + 8)
        for _ in range(count):
            stack.enter_context(socket.create_connection(port.getsockname()))
        end = Event()

        def handle(*_: object) -> None:
            accepted.append(time.monotonic())
            end.wait()

        listener = Listener(port, handle=handle, spawn=Pool(1000))
        stack.callback(listener.close)
        stack.callback(end.set)
        yield listener, accepted


def test_worker_accepts_one_connection_and_pauses_before_the_others() -> None:
    with make_waiting_clients(8) as (listener, accepted):
        listener.start()
        while not accepted:
            gevent.sleep(0)
        assert len(accepted) == 1
        with gevent.Timeout(5):
            while len(accepted) < 8:
                gevent.sleep(0.001)
        assert accepted[-1] - accepted[0] >= 0.005


def test_busy_worker_catches_up() -> None:
    with make_waiting_clients(12) as (listener, accepted):
        listener.start()
        while not accepted:
            gevent.sleep(0)
        time.sleep(0.05)  # blocks the whole event loop, as decoding an image does
        gevent.sleep(0.001)
        gevent.sleep(0.001)
        assert len(accepted) == 12


def test_idle_time_gives_no_credit_for_more_connections() -> None:
    with make_waiting_clients(1) as (listener, accepted), ExitStack() as stack:
        listener.start()
        while not accepted:
            gevent.sleep(0)
        time.sleep(0.02)
        gevent.sleep(0.005)
        for _ in range(4):
            stack.enter_context(blocking.create_connection(listener.socket.getsockname()))
        while len(accepted) == 1:
            gevent.sleep(0)
        assert len(accepted) == 2


def test_stopped_listener_accepts_none() -> None:
    with make_waiting_clients(4) as (listener, accepted):
        listener.start()
        while not accepted:
            gevent.sleep(0)
        listener.close()
        gevent.sleep(0.01)
        assert len(accepted) == 1
