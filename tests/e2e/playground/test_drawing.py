"""The section "Draw a digit", with mouse, finger and keyboard."""

from typing import Any

from tests.e2e.playground.hand import ONE, SEVEN, draw, expect, wait_for_text


def read_shares(page: Any) -> list[float]:
    """The lengths of the ten bars, from 0 to 1."""
    script = "bars => bars.map(bar => Number(bar.style.getPropertyValue('--share')))"
    shares: list[float] = page.locator("#bars .fill").evaluate_all(script)
    return shares


def count_ink(page: Any) -> int:
    """The pixels of the canvas that are not paper."""
    script = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
        .filter((value, index) => index % 4 === 3 && value > 0).length"""
    number: int = page.locator("#pad").evaluate(script)
    return number


def press(page: Any, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)


def test_bars_move_before_the_stroke_ends(page: Any) -> None:
    assert sum(read_shares(page)) == 0
    draw(page, SEVEN, lift=False)
    wait_for_text(page, "#digit-label", "7")
    shares = read_shares(page)
    assert len(shares) == 10 and shares[7] > 0.5 and 0.99 < sum(shares) < 1.01
    page.mouse.up()
    wait_for_text(page, "#live", "It reads 7")
    wait_for_text(page, "#digit-status", "digits, version 6, answered in")
    assert "outlier score" in page.locator("#digit-detail").inner_text()


def test_net_sees_28_pixels_on_a_side(page: Any) -> None:
    draw(page, SEVEN)
    expect(page.locator("#seen")).to_have_js_property("naturalWidth", 28)
    assert page.locator("#seen").evaluate("image => image.naturalHeight") == 28


def test_heat_map_takes_the_place_of_what_the_net_sees(page: Any) -> None:
    draw(page, SEVEN)
    expect(page.locator("#seen")).to_have_js_property("naturalWidth", 28)
    heat = page.get_by_role("button", name="Heat map")
    heat.press("Enter")
    expect(page.locator("#seen")).to_have_js_property("naturalWidth", 224)
    assert heat.get_attribute("aria-pressed") == "true"
    assert page.locator("#seen-title").inner_text() == "Where it looked"
    with page.expect_response("**/explain/digits?format=png"):
        draw(page, ONE)  # it follows the drawing
    heat.click()
    expect(page.locator("#seen")).to_have_js_property("naturalWidth", 28)


def test_one_request_at_a_time_and_the_newest_drawing_wins(page: Any) -> None:
    held: list[Any] = []
    page.route("**/predict/digits", lambda route: held.append(route), times=1)
    with page.expect_request("**/predict/digits"):
        draw(page, SEVEN[:2])
    draw(page, SEVEN)
    assert len(held) == 1
    held[0].continue_()
    wait_for_text(page, "#digit-label", "7")


def test_undo_takes_back_a_stroke_and_clear_all_of_them(page: Any) -> None:
    draw(page, ONE)
    one = count_ink(page)
    draw(page, ((0.2, 0.5), (0.8, 0.5)))
    assert count_ink(page) > one
    page.get_by_role("button", name="Undo").click()
    assert count_ink(page) == one
    draw(page, SEVEN)
    page.get_by_role("button", name="Clear").click()
    assert count_ink(page) == 0
    wait_for_text(page, "#digit-detail", "Nothing is drawn yet.")
    assert sum(read_shares(page)) == 0
    expect(page.locator("#seen")).to_be_hidden()
    page.get_by_role("button", name="Undo").click()  # what was cleared comes back
    assert count_ink(page) > one


def test_eraser_removes_ink_and_the_brush_has_a_width(page: Any) -> None:
    page.locator("#width").fill("10")
    draw(page, ONE)
    thin = count_ink(page)
    page.locator("#width").fill("40")
    draw(page, ONE)
    thick = count_ink(page)
    assert thick > 2 * thin
    eraser = page.get_by_role("button", name="Eraser")
    eraser.click()
    assert eraser.get_attribute("aria-pressed") == "true"
    draw(page, ONE)
    assert count_ink(page) < thick / 20


def test_keyboard_alone_draws_and_undoes(page: Any) -> None:
    page.locator("#pad").focus()
    press(page, "ArrowUp", 10)
    page.keyboard.press("Space")
    wait_for_text(page, "#live", "Pen down")
    press(page, "ArrowDown", 20)
    page.keyboard.press("Space")
    wait_for_text(page, "#digit-label", "1")
    assert page.locator("#pen").is_visible()
    page.keyboard.press("Control+z")
    assert count_ink(page) == 0
    wait_for_text(page, "#digit-detail", "Nothing is drawn yet.")


def test_focus_returns_to_the_paper_when_nothing_is_left_to_undo(page: Any) -> None:
    draw(page, ONE)
    page.locator("#undo").press("Enter")
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#pad")).to_be_focused()


def test_every_control_is_reached_with_tab(page: Any) -> None:
    draw(page, ONE)
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    controls = "pad width eraser undo clear heat files camera label seed count truncation reseed save-grid save-zip"
    assert set(controls.split()) <= reached


def test_finger_draws(browser: Any, page: Any) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone = context.new_page()
    phone.goto(page.url)
    box = phone.locator("#pad").bounding_box()
    phone.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(phone.locator("#seen")).to_have_js_property("naturalWidth", 28)
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    bars = phone.locator("#bars").bounding_box()
    assert bars["y"] + bars["height"] - box["y"] < 740, "the bars are in sight while one draws"
    context.close()
