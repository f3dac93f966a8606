"""Requests before a figure is taken."""

from tests.bench import payloads
from tests.bench.closed_loop import check_answers, run_closed_loop


def use_every_model(url: str) -> None:
    """Each of the shipped ones, so that a worker has loaded what it loads on first use."""
    requests = [
        payloads.make_image_request("digits"),
        payloads.make_image_request("cats-dogs", payloads.make_photo_jpeg(400)),
        payloads.make_form_request("digits", [payloads.make_digit_png()] * 32),
        payloads.make_generate_request(8),
    ]
    check_answers(run_closed_loop(url, requests, 8, 3))
