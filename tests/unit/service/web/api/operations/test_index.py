"""`/`: the page for browsers, JSON for everybody else."""

import pytest
from flask.testing import FlaskClient

from service.web.playground.files import FILES, PAGE

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("accept", [CHROME, "text/html", "text/html;q=0.9, application/json;q=0.5", "text/*"])
def test_browsers_get_the_page(web: FlaskClient, accept: str) -> None:
    answer = web.get("/", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/html", FILES[PAGE].body)
    assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "application/json", "application/json, text/html;q=0.9", "image/png", "nonsense"]
)
def test_everybody_else_gets_json(web: FlaskClient, accept: str | None) -> None:
    answer = web.get("/", headers={} if accept is None else {"Accept": accept})
    assert answer.mimetype == "application/json" and answer.get_json()["status"] == "alive"
    assert answer.headers["Vary"] == "Accept"


def test_page_that_the_browser_has_is_not_sent_again(web: FlaskClient) -> None:
    etag = web.get("/", headers={"Accept": CHROME}).headers["ETag"]
    answer = web.get("/", headers={"Accept": CHROME, "If-None-Match": etag})
    assert (answer.status_code, answer.headers["Vary"]) == (304, "Accept")
    assert web.get("/", headers={"If-None-Match": etag}).get_json()["service"] == "inkpaw"
