"""A thread with gevent's loop, in which requests run as they do in a worker; gRPC's own loop is asyncio's."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

import gevent

from service.errors import ClientDisconnected

T = TypeVar("T")


class GreenletLoop:
    """`start` returns when it takes work."""

    def __init__(self) -> None:
        self._orders: deque[Callable[[], None]] = deque()
        self._results: deque[Callable[[], None]] = deque()
        self._ready = threading.Event()

    def start(self) -> None:
        """To be called in the thread of the asyncio loop that awaits the results."""
        self._asyncio_loop = asyncio.get_running_loop()
        threading.Thread(target=self._serve, name="requests", daemon=True).start()
        self._ready.wait()

    def _serve(self) -> None:
        self._wakeup = gevent.get_hub().loop.async_()
        self._wakeup.start(self._take_orders)
        self._ready.set()
        gevent.get_hub().join()  # never ends: the wakeup is a reason to wait

    def _take_orders(self) -> None:
        while self._orders:
            self._orders.popleft()()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, in a greenlet of its own.

        When the awaiting task is cancelled, ClientDisconnected is raised in `work`.
        """
        job: _Job[T] = _Job(work, self._asyncio_loop.create_future(), self._deliver)
        self._order(job.start)
        try:
            return await job.future
        except asyncio.CancelledError:
            self._order(job.cancel)
            raise

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        self._wakeup.send()

    def _deliver(self, result: Callable[[], None]) -> None:
        """Results of one turn of the loop wake asyncio once."""
        self._results.append(result)
        if len(self._results) == 1:
            self._asyncio_loop.call_soon_threadsafe(self._set_results)

    def _set_results(self) -> None:
        while self._results:
            self._results.popleft()()


class _Job(Generic[T]):
    """`start` and `cancel` are called in the thread of the greenlets."""

    def __init__(
        self, work: Callable[[], T], future: asyncio.Future[T], deliver: Callable[[Callable[[], None]], None]
    ) -> None:
        self.future = future
        self._work, self._deliver = work, deliver
        self._greenlet: gevent.Greenlet | None = None  # while it runs
        self._is_cancelled = False

    def start(self) -> None:
        gevent.spawn(self._run)

    def cancel(self) -> None:
        self._is_cancelled = True
        if self._greenlet is not None:
            self._greenlet.kill(ClientDisconnected, block=False)

    def _run(self) -> None:
        if self._is_cancelled:
            return
        self._greenlet = gevent.getcurrent()
        try:
            result = self._work()
        except Exception as error:
            self._deliver(partial(self._set, self.future.set_exception, error))
        else:
            self._deliver(partial(self._set, self.future.set_result, result))
        finally:
            self._greenlet = None

    def _set(self, setter: Callable[[Any], None], value: Any) -> None:
        if not self.future.done():  # nobody waits for a cancelled one
            setter(value)
