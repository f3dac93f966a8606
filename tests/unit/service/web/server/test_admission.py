"""The limit of requests in flight, computed from the measured rate of the worker, and the refusal over it."""

import json

import pytest

from service.settings import Settings
from service.web.app import create_app
from service.web.server.admission import Admission, make_refusal
from tests.unit.service.conftest import FakeClock


def make_measured(
    seconds_per_answer: float, requests: int = 500, concurrent: int = 10, max_in_flight: int = 512
) -> Admission:
    """The admission of a worker that has answered `requests` requests at this pace, with `concurrent` in flight."""
    clock = FakeClock()
    admission = Admission(max_in_flight, clock)
    for _ in range(concurrent):
        admission.enter()
    for _ in range(requests):
        clock.now += seconds_per_answer
        admission.leave()
        admission.enter()
    return admission


@pytest.mark.parametrize(
    ("seconds_per_answer", "limit"),
    [(0.0001, 512), (0.0005, 150), (0.003, 32), (1.0, 32)],
    ids=["by the setting", "by time", "lowest limit", "slow"],
)
def test_limit_is_the_number_of_answers_within_the_longest_wait(seconds_per_answer: float, limit: int) -> None:
    assert make_measured(seconds_per_answer).limit == pytest.approx(limit, rel=0.02)


def test_limit_is_the_setting_before_anything_is_measured() -> None:
    assert Admission(512).limit == 512


def test_limit_never_exceeds_the_setting() -> None:
    assert make_measured(0.0001, max_in_flight=3, concurrent=2).limit == 3


def test_consecutive_requests_do_not_change_the_limit() -> None:
    assert make_measured(0.02, concurrent=1).limit == 512


def test_admission_is_full_at_the_limit() -> None:
    admission = Admission(2)
    admission.enter()
    assert not admission.full
    admission.enter()
    assert admission.full
    admission.leave()
    assert not admission.full


def test_one_stall_leads_to_no_refusal() -> None:
    clock = FakeClock()
    admission = Admission(512, clock)
    for _ in range(40):
        admission.enter()
    clock.now += 2.0
    admission.leave()
    assert not admission.full


def test_one_long_gap_hardly_lowers_the_limit() -> None:
    clock = FakeClock()
    admission = Admission(512, clock)
    for gap in (*[0.0005] * 500, 10.0):
        admission.in_flight = 9
        clock.now += gap
        admission.leave()
    assert admission.limit > 80


def test_answers_in_batches_give_the_same_limit_as_single_ones() -> None:
    clock = FakeClock()
    admission = Admission(512, clock)
    for index in range(2000):
        admission.in_flight = 9
        clock.now += 0.016 if index % 16 == 0 else 0
        admission.leave()
    assert admission.limit == pytest.approx(75, rel=0.3)


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("path", ["/predict/net", "/v1/models/net:predict", "/v2/models/net/infer", "/"])
def test_refusal_is_a_complete_503_in_the_shape_of_the_protocol(
    settings: Settings, path: str, keep_alive: bool
) -> None:
    protocol = create_app(settings).router.get_protocol(path)
    head, _, body = make_refusal(protocol, "some-id", keep_alive).partition(b"\r\n\r\n")
    fields = dict(line.split(b": ") for line in head.split(b"\r\n")[1:])
    assert head.startswith(b"HTTP/1.1 503 ")
    assert int(fields[b"Content-Length"]) == len(body)
    assert fields[b"Retry-After"] == b"1"
    assert fields[b"X-Request-Id"] == b"some-id"
    assert fields[b"Connection"] == (b"keep-alive" if keep_alive else b"close")
    error = json.loads(body)["error"]
    assert isinstance(error, str) if path.startswith("/v") else set(error) == {"code", "message"}


def test_refusal_of_a_head_request_has_no_body(settings: Settings) -> None:
    protocol = create_app(settings).router.default
    assert make_refusal(protocol, "some-id", True, include_body=False).endswith(b"\r\n\r\n")
