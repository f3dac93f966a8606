"""What a person does on the page: strokes of the mouse."""

from collections.abc import Sequence
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

SEVEN = ((0.28, 0.25), (0.5, 0.24), (0.7, 0.25), (0.6, 0.48), (0.52, 0.66), (0.46, 0.82))
ONE = ((0.5, 0.2), (0.5, 0.8))


def draw(page: Any, points: Sequence[tuple[float, float]], lift: bool = True) -> None:
    """One stroke through the points, in shares of the paper's width and height."""
    box = page.locator("#pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    if lift:
        page.mouse.up()


def wait_for_text(page: Any, selector: str, text: str) -> None:
    """Until the element holds the text."""
    expect(page.locator(selector)).to_contain_text(text, timeout=15_000)
