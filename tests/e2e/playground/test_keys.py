"""A service that needs a key: the page asks for it once, and keeps it."""

from typing import TYPE_CHECKING, Any

from service.access.keys import format_entry, make_key
from service.access.scopes import KEY_SCOPES
from tests.e2e.playground.conftest import ROOT
from tests.integration.conftest import run_service
from tests.support.server import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_page_asks_for_a_key_until_it_has_a_good_one(browser: "Browser") -> None:
    key = make_key()
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept("wrong" if len(asked) == 1 else key)

    with run_service(ROOT / "models", Service, workers=1, keys=format_entry("page", KEY_SCOPES, key)) as service:
        context = browser.new_context()
        page = context.new_page()
        page.on("dialog", answer)
        for _ in range(2):
            page.goto(service.url)
            page.wait_for_selector("#grid img")
        context.close()
    assert [message.split(":")[0] for message in asked] == [
        "This service needs an API key",
        "That key is not known. Another API key",
    ]
