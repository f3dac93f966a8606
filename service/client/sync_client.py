"""The client for code without asyncio."""

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
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
from .in_order import map_in_threads
from .pictures import ImageSource, Picture, make_batches, read_picture, read_pictures, to_picture, to_pictures
from .prediction import Outcome, predict_batch, raise_errors
from .results import Explanation, Model, Prediction, Samples
from .retry import DEFAULT_SECONDS, OnRetry, Retries

T = TypeVar("T")


class Client:
    """Talks to the service at `url`. Threads may share it. Close it, or use it in a `with` block.

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
        self._http = httpx.Client(**make_options(url, in_flight, api_key, headers))
        self._retry_seconds, self._in_flight, self._batch, self._on_retry = retry_seconds, in_flight, batch, on_retry

    def predict(
        self, model: str, images: Iterable[ImageSource], *, version: Version = None, top: int | None = None
    ) -> list[Prediction]:
        """One prediction per image, in order. Raises the error of the first bad image."""
        outcomes = self.predict_each(model, images, version=version, top=top)
        return [raise_errors(outcome, index) for index, outcome in enumerate(outcomes)]

    def predict_each(
        self, model: str, images: Iterable[ImageSource], *, version: Version = None, top: int | None = None
    ) -> Iterator[Outcome]:
        """A prediction or an error per image, in order, while the others are still being sent."""
        for outcomes in self.predict_batches(model, images, version=version, top=top):
            yield from outcomes

    def predict_batches(
        self, model: str, images: Iterable[ImageSource], *, version: Version = None, top: int | None = None
    ) -> Generator[list[Outcome], None, None]:
        """As `predict_each`, with the images of one request together."""
        predict = partial(self._predict_batch, model, version, top)
        return map_in_threads(predict, make_batches(to_pictures(images), self._batch), self._in_flight)

    def generate(self, model: str, *, version: Version = None, **wanted: Unpack[Wanted]) -> Samples:
        """Draws `count` images, or one per seed. Without a seed the service chooses one."""
        return self._send(make_generate(model, version, wanted))

    def render(self, model: str, *, format: str = "grid", version: Version = None, **wanted: Unpack[Wanted]) -> bytes:
        """As `generate`, but one file: png, grid, zip, npy or json."""
        return self._send(make_render(model, version, wanted, format))

    def explain(
        self, model: str, image: ImageSource, *, version: Version = None, label: str | None = None
    ) -> Explanation:
        """Where in the image the answer comes from, or what is there of another label."""
        return self._send(make_explain(model, read_picture(to_picture(image)), version, label))

    def heat_map(self, model: str, image: ImageSource, *, version: Version = None, label: str | None = None) -> bytes:
        """As `explain`, drawn over the image: a PNG."""
        return self._send(make_heat_map(model, read_picture(to_picture(image)), version, label))

    def walk(self, model: str, *, format: str = "png", version: Version = None, **wanted: Unpack[WantedWalk]) -> bytes:
        """The way from one seed to another: an animated png or webp, or all frames as npy."""
        return self._send(make_walk(model, version, wanted, format))

    def models(self) -> list[Model]:
        return self._send(make_models())

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _predict_batch(
        self, model: str, version: Version, top: int | None, pictures: Sequence[Picture]
    ) -> list[Outcome]:
        steps = predict_batch(model, read_pictures(pictures), version, top)
        try:
            call = next(steps)
            while True:
                try:
                    predictions = self._send(call)
                except ServiceError as error:
                    call = steps.throw(error)
                else:
                    call = steps.send(predictions)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def _send(self, call: Call[T]) -> T:
        request = self._http.build_request(call.method, call.path, **call.options)
        request.read()  # the whole body in one piece: fewer writes, and it can be sent again
        retries = Retries(self._retry_seconds, self._on_retry)
        while True:
            try:
                response = self._http.send(request)
            except httpx.RequestError as error:
                pause = retries.wait_after_error(error)
            else:
                if response.status_code not in call.retried:
                    return call.read(response)
                pause = retries.wait_after_response(response)
            time.sleep(pause)
