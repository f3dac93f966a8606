"""Messages on their way: only so many large or slow ones at the same time."""

import asyncio
from typing import Any

import grpc
import pytest

from service.errors import BadRequest, Overloaded, RequestTimeout
from service.rpc import receiver
from service.rpc.receiver import Receiver


class Call:
    """Its message comes with `arrived`."""

    def __init__(self, message: Any = b"m") -> None:
        self.arrived = asyncio.Event()
        self._message = message

    async def read(self) -> Any:
        await self.arrived.wait()
        return self._message


def test_slow_messages_beyond_the_limit_are_refused_and_quick_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "_SOON", 0.02)
    monkeypatch.setattr(receiver, "_MAX_LATE", 2)

    async def run() -> None:
        messages, calls = Receiver(), [Call() for _ in range(3)]
        tasks = [asyncio.create_task(messages.receive(call, 20)) for call in calls]
        with pytest.raises(Overloaded, match="large messages"):
            await tasks[2]
        quick = Call()
        quick.arrived.set()
        assert await messages.receive(quick, 20) == b"m"
        calls[0].arrived.set()
        assert await tasks[0] == b"m"
        late = Call()  # in the place that is free now
        task = asyncio.create_task(messages.receive(late, 20))
        await asyncio.sleep(0.1)
        late.arrived.set()
        calls[1].arrived.set()
        assert [await task, await tasks[1]] == [b"m", b"m"]

    asyncio.run(run())


def test_message_has_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        with pytest.raises(RequestTimeout):
            await Receiver().receive(Call(), 0.01)
        end = Call(grpc.aio.EOF)
        end.arrived.set()
        with pytest.raises(BadRequest):
            await Receiver().receive(end, 1)

    asyncio.run(run())
