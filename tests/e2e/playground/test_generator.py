"""The section of the GAN: the grid, reading a digit, downloads."""

import io
import zipfile
from pathlib import Path
from typing import Any

from PIL import Image

from tests.e2e.playground.hand import expect, wait_for_text


def test_grid_has_the_digits_that_are_asked_for_and_one_is_read(page: Any) -> None:
    page.locator("#label").select_option("7")
    page.locator("#count").fill("5")
    page.locator("#seed").fill("3")
    page.locator("#truncation").fill("0.5")
    assert page.locator("#truncation-value").inner_text() == "0.50"
    with page.expect_request("**/generate/**") as request:
        page.get_by_role("button", name="Draw them").click()
    assert request.value.url.endswith("?label=7&seed=3&count=5&truncation=0.5&format=json")
    expect(page.locator("#grid img")).to_have_count(5)
    wait_for_text(page, "#generator-status", "digits-gan, version 5, answered in")
    page.get_by_role("button", name="7 of seed 4").click()
    wait_for_text(page, "#chosen-text", "Seed 4: digits reads 7")
    wait_for_text(page, "#chosen-status", "digits, version 6, answered in")


def test_another_seed_gives_other_digits_and_the_same_seed_the_same(page: Any) -> None:
    def read_images() -> list[str]:
        images: list[str] = page.locator("#grid img").evaluate_all("images => images.map(image => image.src)")
        return images

    before = read_images()
    with page.expect_response("**/generate/**"):
        page.get_by_role("button", name="New seed").click()
    expect(page.locator("#grid img").first).not_to_have_attribute("src", before[0])
    page.locator("#seed").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator("#grid img").first).to_have_attribute("src", before[0])
    assert read_images() == before


def test_walk_goes_from_the_selected_digit_to_another_seed(page: Any) -> None:
    expect(page.locator("#walk")).to_be_hidden()
    page.locator("#label").select_option("7")
    page.get_by_role("button", name="Draw them").click()
    page.get_by_role("button", name="7 of seed 4").click()
    page.get_by_label("Walk to seed").fill("9")
    with page.expect_request("**/walk?*") as request:
        page.keyboard.press("Enter")
    assert request.value.url.endswith("/generate/digits-gan/walk?from=4&to=9&label=7&truncation=1")
    wait_for_text(page, "#chosen-text", "From seed 4 to seed 9")
    expect(page.locator("#chosen-image")).to_have_attribute("alt", "A digit that turns from seed 4 into seed 9")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this walk").click()
    with Image.open(download.value.path()) as image:
        assert getattr(image, "n_frames", 1) > 10
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.locator("#chosen-image")).to_have_attribute("alt", "The selected digit")
    expect(page.get_by_label("Walk to seed")).to_be_focused()
    page.get_by_role("button", name="7 of seed 5").click()
    wait_for_text(page, "#chosen-text", "Seed 5: digits reads 7")


def test_downloads_are_a_grid_a_zip_and_one_digit(page: Any) -> None:
    page.locator("#grid button").first.click()

    def download(name: str) -> bytes:
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        return Path(download.value.path()).read_bytes()

    assert Image.open(io.BytesIO(download("Download this digit"))).size == (28, 28)
    assert Image.open(io.BytesIO(download("Download the grid as PNG"))).size == (148, 148)
    assert len(zipfile.ZipFile(io.BytesIO(download("Download all as zip"))).namelist()) == 24


def test_count_that_the_service_refuses_is_told_in_its_words(page: Any) -> None:
    page.locator("#count").evaluate("field => field.removeAttribute('max')")
    page.locator("#count").fill("257")
    page.get_by_role("button", name="Draw them").click()
    wait_for_text(page, "#generator-status", "257 samples are asked for; at most 256 are made at once.")
    assert page.locator("#grid img").count() == 24  # what was there stays
