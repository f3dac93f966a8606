"""Receives the message of a call, within bounds of time, of number and of bytes.

gRPC tells nobody how many bytes of a message have come. A message that has not come soon after the head of its call is
large, or its client slow: only so many of them are received at the same time.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import grpc

from service.errors import BadRequest, Overloaded, RequestTimeout

_SOON = 0.1  # seconds
_MAX_LATE = 32  # messages


@dataclass
class _Wait:
    is_late: bool = False
    is_refused: bool = False


class Receiver:
    """For the calls of one asyncio loop."""

    def __init__(self) -> None:
        self._late = 0

    async def receive(self, call: Any, seconds: float) -> bytes:
        """The message. Raises Overloaded, RequestTimeout after so many seconds, BadRequest if there is none."""
        wait = _Wait()
        try:
            async with asyncio.timeout(seconds) as limit:
                timer = asyncio.get_running_loop().call_later(_SOON, self._count, wait, limit)
                try:
                    message = await call.read()
                finally:
                    timer.cancel()
                    self._late -= wait.is_late
        except TimeoutError:
            if wait.is_refused:
                raise Overloaded("Too many large messages are on their way; try again.") from None
            raise RequestTimeout("The message did not arrive in time.") from None
        if message is grpc.aio.EOF:
            raise BadRequest("The call has no message.")
        return message  # type: ignore[no-any-return]

    def _count(self, wait: _Wait, limit: asyncio.Timeout) -> None:
        if self._late >= _MAX_LATE:
            wait.is_refused = True
            limit.reschedule(0.0)
        else:
            wait.is_late = True
            self._late += 1
