"""How fast connections are taken: slowly enough that other workers have their share, and never too slowly."""

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
def waiting(many: int) -> Iterator[tuple[Listener, list[float]]]:
    """A listener, not started yet, so many connections that wait for it, and the moments when it takes them."""
    taken: list[float] = []
    with ExitStack() as stack:
        port = stack.enter_context(socket.socket())
        port.bind(("127.0.0.1", 0))
        port.listen(many + 8)
        for _ in range(many):
            stack.enter_context(socket.create_connection(port.getsockname()))
        end = Event()

        def handle(*_: object) -> None:
            taken.append(time.monotonic())
            end.wait()

        listener = Listener(port, handle=handle, spawn=Pool(1000))
        stack.callback(listener.close)
        stack.callback(end.set)
        yield listener, taken


def test_one_is_taken_and_the_rest_left_to_others_for_a_moment() -> None:
    with waiting(8) as (listener, taken):
        listener.start()
        while not taken:
            gevent.sleep(0)
        assert len(taken) == 1
        with gevent.Timeout(5):
            while len(taken) < 8:
                gevent.sleep(0.001)
        assert taken[-1] - taken[0] >= 0.005


def test_who_was_busy_makes_up_for_it() -> None:
    with waiting(12) as (listener, taken):
        listener.start()
        while not taken:
            gevent.sleep(0)
        time.sleep(0.05)  # the whole loop stands still, as while a picture is decoded
        gevent.sleep(0.001)
        gevent.sleep(0.001)
        assert len(taken) == 12


def test_time_in_which_nobody_came_is_not_made_up_for() -> None:
    with waiting(1) as (listener, taken), ExitStack() as stack:
        listener.start()
        while not taken:
            gevent.sleep(0)
        time.sleep(0.02)
        gevent.sleep(0.005)
        for _ in range(4):
            stack.enter_context(blocking.create_connection(listener.socket.getsockname()))
        while len(taken) == 1:
            gevent.sleep(0)
        assert len(taken) == 2


def test_none_is_taken_once_it_has_stopped() -> None:
    with waiting(4) as (listener, taken):
        listener.start()
        while not taken:
            gevent.sleep(0)
        listener.close()
        gevent.sleep(0.01)
        assert len(taken) == 1
