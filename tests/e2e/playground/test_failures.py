"""A service that fails, is slow or is gone: the page says so, and asks again where it may."""

import re
from typing import Any

from tests.e2e.playground.hand import SEVEN, draw, expect, wait_for_text

DIGITS = "**/predict/digits"


def make_error(message: str) -> dict[str, Any]:
    return {"error": {"code": "some_code", "message": message}}


def fail(page: Any, status: int, message: str, headers: dict[str, str] | None = None) -> None:
    page.route(DIGITS, lambda route: route.fulfill(status=status, headers=headers, json=make_error(message)))


def test_500_is_shown_and_may_be_tried_again(page: Any) -> None:
    fail(page, 500, "Something went wrong in the service; it has been logged.")
    draw(page, SEVEN[:1])  # one point: nothing is asked about after it
    wait_for_text(page, "#digit-status [role=alert]", "Something went wrong in the service; it has been logged.")
    page.unroute(DIGITS)
    page.get_by_role("button", name="Try again").click()
    wait_for_text(page, "#digit-status", "digits, version 6, answered in")
    assert page.locator("#digit-status [role=alert]").count() == 0


def test_503_is_asked_again_after_its_time_with_the_newest_drawing(page: Any) -> None:
    page.clock.install()
    fail(page, 503, "The service is at its limit.", {"Retry-After": "20"})
    with page.expect_response(DIGITS):
        draw(page, SEVEN[:2])
    wait_for_text(page, "#digit-status [role=alert]", "The service is at its limit. The page asks again in 20 s.")
    draw(page, SEVEN)
    page.unroute(DIGITS)
    with page.expect_response(DIGITS):
        page.clock.fast_forward(20_000)
    wait_for_text(page, "#digit-label", "7")


def test_503_is_given_up_after_a_few_tries(page: Any) -> None:
    page.clock.install()
    fail(page, 503, "Nothing is ready.", {"Retry-After": "5"})
    with page.expect_response(DIGITS):
        draw(page, SEVEN)
    for _ in range(3):
        wait_for_text(page, "#digit-status [role=alert]", "The page asks again in 5 s.")
        with page.expect_response(DIGITS):
            page.clock.fast_forward(5_000)
    page.get_by_role("button", name="Try again").wait_for()
    assert "Nothing is ready." in page.locator("#digit-status").inner_text()


def test_slow_answer_is_shown_as_slow_and_then_as_answer(page: Any) -> None:
    page.clock.install()
    held: list[Any] = []
    page.route(DIGITS, lambda route: held.append(route), times=1)
    with page.expect_request(DIGITS):
        draw(page, SEVEN[:1])  # one point: nothing is left to ask about after it
    page.clock.fast_forward(2_000)
    wait_for_text(page, "#digit-status [role=alert]", "The service is slow. Still waiting for its answer.")
    held[0].continue_()
    expect(page.locator("#digit-status")).to_contain_text(re.compile(r"answered in \d+\.\d s"), timeout=15_000)


def test_service_that_is_gone_is_named(page: Any) -> None:
    page.route("**/generate/**", lambda route: route.abort())
    page.get_by_role("button", name="Draw them").click()
    wait_for_text(page, "#generator-status [role=alert]", "The service cannot be reached.")


def test_model_without_heat_maps_and_walks_says_so_in_its_own_words(page: Any) -> None:
    sentence = "Model 'digits' version 5 cannot say where its answers come from."
    for path in ("**/explain/**", "**/walk?*"):
        page.route(path, lambda route: route.fulfill(status=404, json=make_error(sentence)))
    draw(page, SEVEN[:1])
    wait_for_text(page, "#digit-status", "digits, version 6, answered in")
    page.get_by_role("button", name="Heat map").click()
    wait_for_text(page, "#digit-status [role=alert]", sentence)
    page.locator("#grid button").first.click()
    wait_for_text(page, "#chosen-status", "digits, version 6, answered in")
    page.get_by_role("button", name="Walk", exact=True).click()
    wait_for_text(page, "#chosen-status [role=alert]", sentence)


def test_answer_without_a_sentence_is_named_by_its_status(page: Any) -> None:
    page.route(DIGITS, lambda route: route.fulfill(status=502, body="<html>Bad gateway</html>"))
    page.locator("#grid button").first.click()
    wait_for_text(page, "#chosen-status [role=alert]", "The service answered 502, without a sentence.")
