"""The playground is for everybody: axe-core finds nothing to complain of, in light and dark, wide and narrow."""

from typing import Any

import pytest

from tests.e2e.playground.hand import SEVEN, draw, expect, wait_for_text
from tests.support.pictures import make_digit_png
from tests.support.server import Service

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (320, 640)])
def test_axe_finds_nothing(browser: Any, shipped: Service, scheme: str, width: int, height: int) -> None:
    # axe is a script of the test: the page's own policy would refuse it
    options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "bypass_csp": True}
    with browser.new_context(**options) as context:
        page = context.new_page()
        page.goto(shipped.url)
        draw(page, SEVEN)
        page.locator("#grid button").first.click()
        bad = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no image"}
        good = {"name": "seven.png", "mimeType": "image/png", "buffer": make_digit_png()}
        page.set_input_files("#files", [bad, good])
        wait_for_text(page, "#digit-label", "7")
        wait_for_text(page, "#chosen-text", "digits reads")
        expect(page.locator(".card .label b")).to_have_count(1)
        expect(page.locator(".card .problem")).to_have_count(1)
        page.get_by_role("button", name="Heat map").first.click()
        page.get_by_role("button", name="Heat map of seven.png").click()
        page.get_by_role("button", name="Walk", exact=True).click()
        wait_for_text(page, "#chosen-text", "From seed")
        expect(page.locator("#seen")).to_have_js_property("naturalWidth", 224)
        expect(page.locator(".card [aria-pressed=true]")).to_have_count(1)
        results = axe.Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_less_motion_is_respected(browser: Any, shipped: Service) -> None:
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(shipped.url)
        script = "bar => getComputedStyle(bar).transitionDuration"
        assert page.locator("#bars .fill").first.evaluate(script) == "0s"
