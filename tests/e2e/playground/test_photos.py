"""The section "Cats and dogs": files that are chosen, dropped and pasted."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.playground.hand import expect
from tests.support.pictures import encode_png

CAT = pytest.importorskip("skimage.data", reason="scikit-image is not installed").chelsea


def make_file(name: str = "cat.jpg", image_format: str = "JPEG") -> dict[str, Any]:
    file = io.BytesIO()
    Image.fromarray(CAT()).save(file, image_format)
    return {"name": name, "mimeType": f"image/{image_format.lower()}", "buffer": file.getvalue()}


def give(page: Any, event: str, names: list[str]) -> None:
    """Drop or paste a picture under each name."""
    data = list(encode_png(np.full((40, 40, 3), 90, np.uint8)))
    script = """([event, names, data]) => {
      const transfer = new DataTransfer();
      for (const name of names) transfer.items.add(new File([new Uint8Array(data)], name, {type: "image/png"}));
      const details = {bubbles: true, cancelable: true};
      window.dispatchEvent(event === "paste"
        ? new ClipboardEvent("paste", {...details, clipboardData: transfer})
        : new DragEvent("drop", {...details, dataTransfer: transfer}));
    }"""
    page.evaluate(script, [event, names, data])


def wait_for_labels(page: Any, count: int) -> list[str]:
    expect(page.locator(".card .label b")).to_have_count(count)
    texts: list[str] = page.locator(".card").all_inner_texts()
    return texts


def test_chosen_files_get_label_confidence_and_outlier_score(page: Any) -> None:
    page.set_input_files("#files", [make_file(f"{number}.jpg") for number in range(9)])
    for text in wait_for_labels(page, 9):
        assert text.lower().startswith("cat ") and "%" in text and "outlier score" in text and "version 8" in text
    assert page.locator("#live").inner_text() == "9 cats"
    assert page.locator(".card img").first.get_attribute("alt") == "0.jpg"


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_files_are_dropped_and_pasted(page: Any, event: str) -> None:
    give(page, event, ["a.png", "b.png"])
    assert len(wait_for_labels(page, 2)) == 2
    page.get_by_role("button", name="Remove all").click()
    assert page.locator(".card").count() == 0


def test_camera_is_asked_for_a_photograph(page: Any) -> None:
    assert page.locator("#camera").get_attribute("capture") == "environment"
    page.set_input_files("#camera", make_file())
    wait_for_labels(page, 1)


def test_heat_map_is_shown_on_request_and_goes_again(page: Any) -> None:
    page.set_input_files("#files", make_file())
    wait_for_labels(page, 1)
    picture, button = page.locator(".card img"), page.get_by_role("button", name="Heat map of cat.jpg")
    size = picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size == [451, 300]
    before = picture.get_attribute("src")
    button.press("Enter")
    expect(picture).to_have_attribute("alt", "cat.jpg, bright where it looks like a cat")
    assert picture.get_attribute("src") != before
    expect(picture).to_have_js_property("naturalWidth", 451)
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    button.press("Enter")
    expect(picture).to_have_attribute("alt", "cat.jpg")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_bad_file_says_why_and_the_others_are_read(page: Any) -> None:
    bad = {"name": "notes.png", "mimeType": "image/png", "buffer": b"no image"}
    page.set_input_files("#files", [make_file(), bad, make_file()])
    wait_for_labels(page, 2)
    sentence = page.locator(".card .problem")
    sentence.wait_for()
    assert sentence.inner_text().startswith("The image")


def test_format_that_the_browser_cannot_show_is_shown_as_the_net_sees_it(page: Any) -> None:
    page.set_input_files("#files", make_file("cat.tiff", "TIFF"))
    wait_for_labels(page, 1)
    expect(page.locator(".card img")).to_have_js_property("naturalWidth", 128)
