"""Decoding within a worker: what runs in its loop, what waits, for how long, and what a request holds meanwhile."""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import numpy as np
import pytest
from PIL import Image

from service.client_socket import ClientSocket
from service.errors import BadImage, ClientDisconnected, DeadlineExceeded, InkpawError, Overloaded
from service.images import ImageInput, Prepared
from service.web.budget import Budget
from service.web.codecs import decode_job
from service.web.codecs.images import ImageDecoder
from service.web.codecs.uploads import name_uploads
from tests.support.hostile_images import save
from tests.support.tcp import connect_pair

INPUT = ImageInput(28, 28, 1, "photo")
SMALL = save(Image.new("L", (28, 28)), "PNG")
SHARED = save(Image.new("L", (500, 500)), "PNG")
LARGE = save(Image.new("1", (2100, 2100)), "PNG")
MAX_PIXELS = 5_000_000

Outcome = list[BaseException | None]


class SlowPrepare:
    """Stands for decoding: counts the calls at the same time, and holds them until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.threads: list[int] = []
        self.running = self.most = 0
        self._guard = threading.Lock()

    def __call__(self, *_: Any) -> Prepared:
        with self._guard:
            self.threads.append(threading.get_ident())
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.released.wait(20)
        with self._guard:
            self.running -= 1
        return Prepared(np.zeros((28, 28, 1), np.uint8))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowPrepare]:
    slow = SlowPrepare()
    monkeypatch.setattr(decode_job, "prepare_tolerantly", slow)
    yield slow
    slow.released.set()


@pytest.fixture
def budget() -> Budget:
    return Budget(2 * MAX_PIXELS, "full")


@pytest.fixture
def decoder(budget: Budget) -> ImageDecoder:
    return ImageDecoder(3, MAX_PIXELS, budget)


def decode(decoder: ImageDecoder, *data: bytes, seconds: float = 20, client: ClientSocket | None = None) -> Any:
    return decoder.decode(name_uploads(list(data)), INPUT, time.monotonic() + seconds, client)


def spawn(decoder: ImageDecoder, *data: bytes, **options: Any) -> gevent.Greenlet:
    """Its value is the error that decoding raised, or None."""

    def run() -> BaseException | None:
        try:
            decode(decoder, *data, **options)
        except (InkpawError, ClientDisconnected) as error:
            return error
        return None

    return gevent.spawn(run)


def wait_until(condition: Callable[[], object]) -> None:
    with gevent.Timeout(10):
        while not condition():
            gevent.sleep(0.005)


def test_small_pictures_are_decoded_in_the_loop_and_others_in_threads(decoder: ImageDecoder, slow: SlowPrepare) -> None:
    slow.released.set()
    flat = save(Image.new("1", (7000, 700)), "PNG")  # few bytes and many pixels
    assert max(len(SMALL), len(SHARED), len(flat)) < 4096
    for data, in_loop in (
        (SMALL, True),
        (SHARED, False),
        (flat, False),
        (save(Image.new("L", (28, 28)), "TIFF"), False),
    ):
        slow.threads.clear()
        decode(decoder, data)
        assert (slow.threads == [threading.get_ident()]) is in_loop


def test_loop_goes_on_while_large_pictures_are_decoded_one_at_a_time(
    decoder: ImageDecoder, slow: SlowPrepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [spawn(decoder, LARGE) for _ in range(2)]
    wait_until(lambda: slow.running)
    others = spawn(decoder, SHARED)
    wait_until(lambda: slow.running == 2)
    assert slow.most == 2 and len(slow.threads) == 2, "one large picture and the other one"
    slow.released.set()
    assert [job.get(timeout=10) for job in [*jobs, others]] == [None] * 3


def test_request_past_its_deadline_is_answered_at_once_and_its_other_images_are_skipped(
    decoder: ImageDecoder, slow: SlowPrepare, budget: Budget
) -> None:
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        decode(decoder, *[SHARED] * 12, seconds=0.1)
    assert time.monotonic() - began < 2
    assert budget.in_use == 3 * 250_000, "the images that threads still decode"
    slow.released.set()
    wait_until(lambda: budget.in_use == 0)
    assert len(slow.threads) == 3
    assert decode(decoder, SHARED).pixels.shape == (1, 28, 28, 1)


def test_request_that_waits_for_a_thread_gives_up_at_its_deadline(decoder: ImageDecoder, slow: SlowPrepare) -> None:
    first = spawn(decoder, LARGE)
    wait_until(lambda: slow.running)
    with pytest.raises(DeadlineExceeded):
        decode(decoder, LARGE, seconds=0.1)
    slow.released.set()
    assert first.get(timeout=10) is None
    assert len(slow.threads) == 1


def test_request_whose_time_has_passed_before_is_not_begun(decoder: ImageDecoder, slow: SlowPrepare) -> None:
    for data in (SMALL, SHARED):
        with pytest.raises(DeadlineExceeded):
            decode(decoder, data, seconds=-1)
    assert not slow.threads


@pytest.mark.parametrize("waits_for_a_thread", [False, True])
def test_images_of_a_client_that_left_are_skipped(
    decoder: ImageDecoder, slow: SlowPrepare, budget: Budget, waits_for_a_thread: bool
) -> None:
    if waits_for_a_thread:
        spawn(decoder, LARGE)
        wait_until(lambda: slow.running)
    ours, theirs = connect_pair()
    with ours:
        job = spawn(decoder, *([LARGE] if waits_for_a_thread else [SHARED] * 2), client=ClientSocket(ours.fileno()))
        wait_until(lambda: slow.running)
        theirs.close()
        assert isinstance(job.get(timeout=5), ClientDisconnected)
    begun = len(slow.threads)
    slow.released.set()
    wait_until(lambda: budget.in_use == 0)
    assert len(slow.threads) == begun


def test_request_over_the_budget_is_refused_at_once_and_one_alone_always_fits(
    decoder: ImageDecoder, slow: SlowPrepare, budget: Budget
) -> None:
    alone = spawn(decoder, *[LARGE] * 4)  # more than the budget
    wait_until(lambda: slow.running)
    with pytest.raises(Overloaded):
        decode(decoder, SHARED)
    slow.released.set()
    assert alone.get(timeout=10) is None
    assert budget.in_use == 0
    assert decode(decoder, SHARED).pixels.shape == (1, 28, 28, 1)


@pytest.mark.parametrize("count", [1, 3, 9])
@pytest.mark.parametrize("picture", [SMALL[:-30], SHARED[:-30], b"\x89PNG\r\n\x1a\n" + bytes(10_000)])
def test_refused_pictures_do_not_stay_in_memory(decoder: ImageDecoder, picture: bytes, count: int) -> None:
    """An error that is kept where it was caught holds the pictures in a cycle, until the collector runs."""
    data = bytes(bytearray(picture))  # no other test holds this one
    references = sys.getrefcount(data)
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(BadImage, match=r"^Image 1 of [39]|^The image"):
            decode(decoder, *[data] * count)
        with gevent.Timeout(2):
            while sys.getrefcount(data) != references:  # a thread of the decoder may still be about to let go
                gevent.sleep(0.01)
    finally:
        gc.enable()


def test_first_of_several_bad_images_is_named(decoder: ImageDecoder) -> None:
    with pytest.raises(BadImage, match=r"^Image 3 of 12: "):
        decode(decoder, SMALL, SHARED, b"text", *[LARGE[:80]] * 9)
