"""A function over many items, several at a time, with the results in the order of the items and bounded memory."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

_AHEAD = 2  # items started per item in flight: a slow one at the front does not leave the others idle


def map_in_threads(function: Callable[[A], B], items: Iterable[A], in_flight: int) -> Generator[B, None, None]:
    """Raises the first error in order, and then starts nothing more."""
    window: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(in_flight, "inkpaw")
    try:
        for item in items:
            if len(window) >= _AHEAD * in_flight:
                yield window.popleft().result()
            window.append(pool.submit(function, item))
        while window:
            yield window.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever stops early does not wait for what is in flight


async def map_in_tasks(
    function: Callable[[A], Awaitable[B]], items: Iterable[A], in_flight: int
) -> AsyncGenerator[B, None]:
    """Raises the first error in order, and cancels the tasks behind it."""
    slots = asyncio.Semaphore(in_flight)
    window: deque[asyncio.Task[B]] = deque()

    async def run(item: A) -> B:
        async with slots:
            return await function(item)

    try:
        for item in items:
            if len(window) >= _AHEAD * in_flight:
                yield await window[0]
                window.popleft()
            window.append(asyncio.create_task(run(item)))
        while window:
            yield await window[0]
            window.popleft()
    finally:
        for task in window:
            task.cancel()
        await asyncio.gather(*window, return_exceptions=True)
