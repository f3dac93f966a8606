"""A budget bounds what requests hold together, and never refuses one that is alone."""

import gzip
import io
import time

import pytest

from service.errors import Overloaded, RequestTooLarge
from service.web.body import read_body
from service.web.budget import Budget, Share
from service.web.content_encoding import unpack


@pytest.fixture
def budget() -> Budget:
    return Budget(100, "full")


def hold(budget: Budget, amount: int) -> Share:
    share = budget.open_share()
    share.take(amount)
    return share


def read(share: Share, size: int, declared: int | None) -> bytes:
    return read_body(io.BytesIO(bytes(size)), declared, 1 << 20, time.monotonic() + 5, share)


def test_request_that_is_alone_may_hold_more_than_the_limit(budget: Budget) -> None:
    share = hold(budget, 80)
    share.take(80)
    assert budget.in_use == 160


def test_request_beside_others_is_refused_over_the_limit_and_holds_what_it_held(budget: Budget) -> None:
    first, second = hold(budget, 60), hold(budget, 40)
    for share in (first, second):
        with pytest.raises(Overloaded, match="full"):
            share.take(1)
    assert (first.held, second.held, budget.in_use) == (60, 40, 100)
    first.release()
    second.take(1)
    assert budget.in_use == 41


def test_release_gives_back_once(budget: Budget) -> None:
    share, other = hold(budget, 30), hold(budget, 20)
    share.keep(10)
    assert budget.in_use == 30
    share.release()
    share.release()
    assert (budget.in_use, other.held) == (20, 20)


def test_refusal_asks_to_try_again(budget: Budget) -> None:
    hold(budget, 90)
    with pytest.raises(Overloaded) as refusal:
        hold(budget, 20)
    assert (refusal.value.status, refusal.value.retry_after) == (503, 1)


@pytest.mark.parametrize("declared", [50, None], ids=["of known length", "in chunks"])
def test_body_takes_its_bytes_and_is_refused_beside_others(budget: Budget, declared: int | None) -> None:
    share = budget.open_share()
    assert read(share, 50, declared) == bytes(50)
    assert budget.in_use == 50
    with pytest.raises(Overloaded):
        read(hold(budget, 20), 50, declared)


def test_body_that_cannot_fit_is_refused_before_it_is_read(budget: Budget) -> None:
    hold(budget, 60)
    stream = io.BytesIO(bytes(50))
    with pytest.raises(Overloaded):
        read_body(stream, 50, 1 << 20, time.monotonic() + 5, budget.open_share())
    assert stream.tell() == 0


def test_bytes_that_are_only_declared_are_kept_from_nobody(budget: Budget) -> None:
    with pytest.raises(RequestTooLarge):
        read_body(io.BytesIO(), 1 << 30, 1 << 20, time.monotonic() + 5, budget.open_share())
    read(budget.open_share(), 0, 90)
    assert budget.in_use == 0


def test_unpacked_bytes_count(budget: Budget) -> None:
    hold(budget, 10)
    with pytest.raises(Overloaded):
        unpack(gzip.compress(bytes(1000)), "gzip", 1 << 20, budget.open_share())
