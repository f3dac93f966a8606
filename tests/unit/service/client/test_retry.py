"""How long to wait before a request is sent again."""

import httpx
import pytest

from service.client.errors import ServiceError
from service.client.retry import Retries

BODY = {"error": {"code": "overloaded", "message": "Busy."}}


def make_response(retry_after: str | None) -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return httpx.Response(503, json=BODY, headers=headers, request=httpx.Request("POST", "http://host/"))


def test_retry_after_is_the_least_pause() -> None:
    assert 3 <= Retries(60).wait_after_response(make_response("3")) <= 3 * 1.25


def test_pauses_grow_up_to_a_bound() -> None:
    retries = Retries(1000)
    pauses = [retries.wait_after_response(make_response(None)) for _ in range(10)]
    assert 0.25 <= pauses[0] <= 0.32 and 10 <= pauses[-1] <= 12.5
    assert 0.5 <= pauses[1] <= 0.63 and 1 <= pauses[2] <= 1.25


@pytest.mark.parametrize("text", ["Wed, 21 Oct 2026 07:28:00 GMT", "", "-5"])
def test_other_retry_after_counts_as_none(text: str) -> None:
    assert Retries(60).wait_after_response(make_response(text)) < 1


def test_pause_beyond_the_end_is_not_waited_for() -> None:
    with pytest.raises(ServiceError, match=r"Busy\."):
        Retries(5).wait_after_response(make_response("3600"))


def test_each_failure_is_reported() -> None:
    reasons: list[str] = []
    Retries(60, reasons.append).wait_after_response(make_response(None))
    assert reasons == ["Busy."]
