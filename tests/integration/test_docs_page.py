"""`/docs` in a real browser: it shows every operation, and asks no other host."""

import shutil
from urllib.parse import urlsplit

import pytest

from service.web.app import ROUTES
from tests.support.server import Service

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine")
def test_page_shows_every_operation_and_asks_no_other_host(service: Service) -> None:
    hosts: set[str] = set()
    faults: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{service.url}/docs")
        operations = sum(len(route.rules) * len(route.methods) for route in ROUTES)
        sync_api.expect(page.locator(".opblock")).to_have_count(operations, timeout=60_000)
        page.locator(".opblock-summary").first.click()
        page.wait_for_selector(".opblock.is-open .responses-wrapper", timeout=60_000)
        browser.close()
    assert (hosts - {""}, faults) == ({urlsplit(service.url).netloc}, [])
