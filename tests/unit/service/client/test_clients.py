"""`Client` and `AsyncClient`: the same calls, results and errors."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.client import (
    AsyncClient,
    Client,
    ConnectionFailed,
    Explanation,
    InkpawError,
    Model,
    Prediction,
    Samples,
    ServiceError,
    UnreadableImage,
)
from tests.support.stub_service import BAD, Failure, StubService

Call = Callable[..., Any]


def call_sync(url: str, method: str, *args: Any, options: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    with Client(url, **options or {}) as client:
        result = getattr(client, method)(*args, **kwargs)
        return list(result) if method == "predict_each" else result


def call_async(url: str, method: str, *args: Any, options: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    async def run() -> Any:
        async with AsyncClient(url, **options or {}) as client:
            if method == "predict_each":
                return [outcome async for outcome in client.predict_each(*args, **kwargs)]
            return await getattr(client, method)(*args, **kwargs)

    return asyncio.run(run())


@pytest.fixture(params=[call_sync, call_async], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    return request.param  # type: ignore[no-any-return]


def test_predictions_are_typed_and_in_order(call: Call, stub: StubService, tmp_path: Path) -> None:
    file = tmp_path / "b.png"
    file.write_bytes(b"b")
    predictions = call(stub.url, "predict", "net", [b"a", file, str(file), io.BytesIO(b"c")])
    assert [prediction.label for prediction in predictions] == ["a", "b", "b", "c"]
    assert predictions[0] == Prediction("a", 0.5, {"a": 0.5}, "net", 3, 0.1)


def test_many_images_go_in_batches_with_several_in_flight(call: Call, stub: StubService) -> None:
    stub.delay = 0.05
    images = [str(index).encode() for index in range(60)]
    predictions = call(stub.url, "predict", "net", images, options={"batch": 8, "in_flight": 3})
    assert [prediction.label for prediction in predictions] == [str(index) for index in range(60)]
    assert sorted(count for _, count in stub.requests) == [4] + [8] * 7
    assert stub.most_in_flight == 3


def test_version_label_and_top_are_in_the_path_and_the_query(call: Call, stub: StubService) -> None:
    call(stub.url, "predict", "net", [b"a"], version=3, top=2)
    call(stub.url, "predict", "a/b", [b"a"], version="stable")
    assert [path for path, _ in stub.requests] == ["/predict/net/versions/3?top=2", "/predict/a%2Fb/labels/stable"]


def test_bad_image_raises_the_services_sentence(call: Call, stub: StubService) -> None:
    with pytest.raises(ServiceError, match=r"The image: it cannot be read\.") as caught:
        call(stub.url, "predict", "net", [b"a", b"b", BAD, b"c"])
    assert (caught.value.status, caught.value.code) == (400, "bad_image")
    assert caught.value.__notes__ == ["It is the image with index 2."]


def test_bad_images_do_not_cost_the_others_their_answer(call: Call, stub: StubService, tmp_path: Path) -> None:
    images = [b"0", BAD, b"2", tmp_path / "none.png", b"4", b"5", BAD, b"7"]
    outcomes = call(stub.url, "predict_each", "net", images)
    good = {index: outcome.label for index, outcome in enumerate(outcomes) if isinstance(outcome, Prediction)}
    assert good == {0: "0", 2: "2", 4: "4", 5: "5", 7: "7"}
    assert isinstance(outcomes[3], UnreadableImage) and "No such file" in str(outcomes[3])
    assert all(isinstance(outcomes[index], ServiceError) for index in (1, 6))


@pytest.mark.parametrize("images", ["photo.png", b"bytes", Path("photo.png")])
def test_one_image_instead_of_a_list_is_refused(call: Call, stub: StubService, images: Any) -> None:
    with pytest.raises(TypeError, match=r"write \[image\]"):
        call(stub.url, "predict", "net", images)


def test_generate_gives_typed_samples(call: Call, stub: StubService) -> None:
    samples = call(stub.url, "generate", "gan", count=2, seed=5, labels=7, truncation=0.5)
    assert samples == Samples("gan", 4, [5, 6], ["7", "7"], 1.0, [b"5", b"6"])
    call(stub.url, "generate", "gan", seeds=range(2))
    assert stub.bodies == [
        {"count": 2, "seed": 5, "labels": 7, "truncation": 0.5, "format": "json"},
        {"seeds": [0, 1], "format": "json"},
    ]


def test_render_gives_the_file_as_it_comes(call: Call, stub: StubService) -> None:
    assert call(stub.url, "render", "gan", seed=1).startswith(b"{")
    assert stub.bodies == [{"seed": 1, "format": "grid"}]


def test_explanation_is_typed(call: Call, stub: StubService, tmp_path: Path) -> None:
    file = tmp_path / "b.png"
    file.write_bytes(b"b")
    assert call(stub.url, "explain", "net", file) == Explanation("b", 0.5, [[0.5, 1.0]], "net", 3, ("truncated",))
    assert call(stub.url, "heat_map", "net", b"a", label="dog", version=3) == b'{"drawn": "a"}'
    assert [path for path, _ in stub.requests] == [
        "/explain/net?format=json",
        "/explain/net/versions/3?format=png&label=dog",
    ]


def test_image_that_cannot_be_read_is_not_explained(call: Call, stub: StubService, tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="No such file"):
        call(stub.url, "explain", "net", tmp_path / "none.png")
    assert stub.requests == []


def test_walk_asks_for_what_is_given(call: Call, stub: StubService) -> None:
    assert call(stub.url, "walk", "gan", start=3, end=9, label=7, frames=None, format="webp")
    assert stub.requests == [("/generate/gan/walk?from=3&to=9&label=7&format=webp", 0)]


def test_models_are_typed(call: Call, stub: StubService) -> None:
    assert call(stub.url, "models") == [Model("net", 3, "predict"), Model("gan", 4, "generate")]


def test_batch_that_takes_too_long_is_halved_at_once(call: Call, stub: StubService) -> None:
    stub.failures = [Failure(504, "The answer was not ready in time.", "deadline_exceeded")]
    assert len(call(stub.url, "predict", "net", [b"a", b"b", b"c"])) == 3
    assert [count for _, count in stub.requests] == [3, 1, 2]


@pytest.mark.parametrize("status", [429, 502, 503, 504, 0])
def test_busy_or_lost_service_is_asked_again(call: Call, stub: StubService, status: int) -> None:
    stub.failures = [Failure(status)] * 3
    assert call(stub.url, "predict", "net", [b"a"])[0].label == "a"
    assert [count for _, count in stub.requests] == [1, 1, 1, 1]


def test_service_that_stays_busy_raises_its_own_sentence(call: Call, stub: StubService) -> None:
    stub.failures = [Failure(503, "The queue is full.")] * 1000
    with pytest.raises(ServiceError, match=r"The queue is full\.") as caught:
        call(stub.url, "predict", "net", [b"a", b"b"], options={"retry_seconds": 0.1})
    assert caught.value.status == 503


def test_what_is_not_about_an_image_is_raised_at_once(call: Call, stub: StubService) -> None:
    stub.failures = [Failure(404, "There is no model 'net'.", "model_not_found")]
    with pytest.raises(ServiceError, match="no model"):
        call(stub.url, "predict_each", "net", [b"a", b"b", b"c"])
    assert len(stub.requests) == 1


def test_nobody_at_the_address_is_a_connection_error(call: Call) -> None:
    with pytest.raises(ConnectionFailed, match=r"http://127\.0\.0\.1:9 cannot be reached"):
        call("http://127.0.0.1:9", "models", options={"retry_seconds": 0.0})


def test_answer_of_something_else_is_a_connection_error(call: Call, stub: StubService) -> None:
    with pytest.raises(ConnectionFailed, match="is not an Inkpaw service"):
        call(f"{stub.url}/generate", "models")


@pytest.mark.parametrize("url", ["", "ftp://host", "http://", "http://host:port"])
def test_what_is_not_an_address_is_refused(call: Call, url: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        call(url, "models")


def test_http_may_be_left_out(call: Call, stub: StubService) -> None:
    assert call(stub.url.removeprefix("http://"), "models")


def test_every_error_has_one_root() -> None:
    assert all(issubclass(kind, InkpawError) for kind in (ConnectionFailed, ServiceError, UnreadableImage))


def test_key_goes_with_every_request(call: Call, stub: StubService) -> None:
    options = {"api_key": "inkpaw_abc\n", "headers": {"X-Team": "a"}}
    call(stub.url, "predict", "net", [b"a"], options=options)
    call(stub.url, "models", options=options)
    assert stub.authorizations == ["Bearer inkpaw_abc"] * 2


def test_no_key_sends_no_header(call: Call, stub: StubService) -> None:
    call(stub.url, "models")
    assert stub.authorizations == [None]


@pytest.mark.parametrize("key", ["a\nb", "ключ", "a\r\nX-A: b"])
def test_key_that_no_header_holds_is_refused(call: Call, stub: StubService, key: str) -> None:
    with pytest.raises(ValueError, match="characters that no key has") as refused:
        call(stub.url, "models", options={"api_key": key})
    assert key not in str(refused.value)


def test_request_over_a_limit_is_sent_again_when_the_service_says(call: Call, stub: StubService) -> None:
    stub.failures = [Failure(429, "More than 1 per 1 second.", "too_many_requests", {"Retry-After": "0.05"})]
    assert call(stub.url, "predict", "net", [b"a"])[0].label == "a"
    assert len(stub.requests) == 2


def test_request_over_a_limit_that_lasts_too_long_fails_at_once(call: Call, stub: StubService) -> None:
    stub.failures = [Failure(429, "More than 1 per 1 hour.", "too_many_requests", {"Retry-After": "3600"})]
    with pytest.raises(ServiceError, match="per 1 hour") as failed:
        call(stub.url, "predict", "net", [b"a"])
    assert (failed.value.status, len(stub.requests)) == (429, 1)
