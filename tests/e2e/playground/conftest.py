"""The shipped models behind a real service, and the playground in a real Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import run_service
from tests.support.server import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="package")
def browser() -> Iterator["Browser"]:
    """Not for the whole session: while it is open, an event loop runs in this thread, and no other test has one."""
    if CHROMIUM is None:
        pytest.skip("chromium is not on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shipped(browser: "Browser") -> Iterator[Service]:
    with run_service(ROOT / "models", Service, workers=1) as service:
        yield service


@pytest.fixture
def page(browser: "Browser", shipped: Service) -> Iterator["Page"]:
    """The page, once its first digits are drawn. A script must not fail, and the policy must refuse nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(shipped.url)
    page.wait_for_selector("#grid img")
    yield page
    context.close()
    # the browser itself reports each answer of 4xx and 5xx
    assert [problem for problem in problems if not problem.startswith("Failed to load resource")] == []
