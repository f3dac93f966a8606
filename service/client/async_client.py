"""The client for code with asyncio."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar, Unpack

import httpx

from .calls import (
    Call,
    Version,
    Wanted,
    WantedWalk,
    make_explain,
    make_generate,
    make_heat_map,
    make_models,
    make_render,
    make_walk,
)
from .connection import DEFAULT_BATCH, DEFAULT_IN_FLIGHT, DEFAULT_URL, make_options
from .errors import ServiceError
from .in_order import map_in_tasks
from .pictures import ImageSource, Picture, make_batches, read_picture, read_pictures, to_picture, to_pictures
from .prediction import Outcome, predict_batch, raise_errors
from .results import Explanation, Model, Prediction, Samples
from .retry import DEFAULT_SECONDS, OnRetry, Retries

T = TypeVar("T")


class AsyncClient:
    """Talks to the service at `url`, within one event loop. Close it, or use it in an `async with` block.

    `api_key` is for a service that needs one. A busy or unreachable service, and one that has had enough requests for
    now, is asked again for up to `retry_seconds` per request.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        retry_seconds: float = DEFAULT_SECONDS,
        in_flight: int = DEFAULT_IN_FLIGHT,
        batch: int = DEFAULT_BATCH,
        on_retry: OnRetry | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(**make_options(url, in_flight, api_key, headers))
        self._retry_seconds, self._in_flight, self._batch, self._on_retry = retry_seconds, in_flight, batch, on_retry

    async def predict(
        self, model: str, images: Iterable[ImageSource], *, version: Version = None, top: int | None = None
    ) -> list[Prediction]:
        """One prediction per image, in order. Raises the error of the first bad image."""
        outcomes = self.predict_each(model, images, version=version, top=top)
        predictions: list[Prediction] = []
        async with aclosing(outcomes):
            async for outcome in outcomes:
                predictions.append(raise_errors(outcome, len(predictions)))
        return predictions

    async def predict_each(
        self, model: str, images: Iterable[ImageSource], *, version: Version = None, top: int | None = None
    ) -> AsyncGenerator[Outcome, None]:
        """A prediction or an error per image, in order, while the others are still being sent."""
        async with aclosing(self.predict_batches(model, images, version=version, top=top)) as batches:
            async for outcomes in batches:
                for outcome in outcomes:
                    yield outcome

    def predict_batches(
        self, model: str, images: Iterable[ImageSource], *, version: Version = None, top: int | None = None
    ) -> AsyncGenerator[list[Outcome], None]:
        """As `predict_each`, with the images of one request together."""
        predict = partial(self._predict_batch, model, version, top)
        return map_in_tasks(predict, make_batches(to_pictures(images), self._batch), self._in_flight)

    async def generate(self, model: str, *, version: Version = None, **wanted: Unpack[Wanted]) -> Samples:
        """Draws `count` images, or one per seed. Without a seed the service chooses one."""
        return await self._send(make_generate(model, version, wanted))

    async def render(
        self, model: str, *, format: str = "grid", version: Version = None, **wanted: Unpack[Wanted]
    ) -> bytes:
        """As `generate`, but one file: png, grid, zip, npy or json."""
        return await self._send(make_render(model, version, wanted, format))

    async def explain(
        self, model: str, image: ImageSource, *, version: Version = None, label: str | None = None
    ) -> Explanation:
        """Where in the image the answer comes from, or what is there of another label."""
        return await self._send(
            make_explain(model, await asyncio.to_thread(read_picture, to_picture(image)), version, label)
        )

    async def heat_map(
        self, model: str, image: ImageSource, *, version: Version = None, label: str | None = None
    ) -> bytes:
        """As `explain`, drawn over the image: a PNG."""
        return await self._send(
            make_heat_map(model, await asyncio.to_thread(read_picture, to_picture(image)), version, label)
        )

    async def walk(
        self, model: str, *, format: str = "png", version: Version = None, **wanted: Unpack[WantedWalk]
    ) -> bytes:
        """The way from one seed to another: an animated png or webp, or all frames as npy."""
        return await self._send(make_walk(model, version, wanted, format))

    async def models(self) -> list[Model]:
        return await self._send(make_models())

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _predict_batch(
        self, model: str, version: Version, top: int | None, pictures: Sequence[Picture]
    ) -> list[Outcome]:
        steps = predict_batch(model, await asyncio.to_thread(read_pictures, pictures), version, top)
        try:
            call = next(steps)
            while True:
                try:
                    predictions = await self._send(call)
                except ServiceError as error:
                    call = steps.throw(error)
                else:
                    call = steps.send(predictions)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _send(self, call: Call[T]) -> T:
        request = self._http.build_request(call.method, call.path, **call.options)
        request.read()  # the whole body in one piece: fewer writes, and it can be sent again
        retries = Retries(self._retry_seconds, self._on_retry)
        while True:
            try:
                response = await self._http.send(request)
            except httpx.RequestError as error:
                pause = retries.wait_after_error(error)
            else:
                if response.status_code not in call.retried:
                    return call.read(response)
                pause = retries.wait_after_response(response)
            await asyncio.sleep(pause)
