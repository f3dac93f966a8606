"""`/`: the page for browsers, JSON for everybody else."""

import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray

from service.catalog import Catalog
from service.ipc import wire
from service.settings import Settings
from service.web.app import create_app
from service.web.playground.files import FILES, PAGE
from tests.support.engine import EngineReply, FakeEngine, make_handler
from tests.unit.service.web.conftest import CATALOG

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


def test_model_that_this_worker_has_not_heard_of_is_listed(settings: Settings) -> None:
    """Two workers may know catalogs of different age: no reply has told this one that there is a newer one."""
    models = dict(CATALOG.models)
    echo = models.pop("echo")

    def answer(call: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        return make_handler(Catalog(1, models))(call, arrays)

    with FakeEngine(settings.engine_sockets[0], answer) as engine:
        client = create_app(settings).test_client()
        assert "echo" not in {model["model"] for model in client.get("/").get_json()["models"]}
        models["echo"] = echo
        assert "echo" in {model["model"] for model in client.get("/").get_json()["models"]}
    assert engine.calls
    assert "echo" in {model["model"] for model in client.get("/").get_json()["models"]}, "the engine has gone"


def test_page_that_the_browser_has_is_not_sent_again(web: FlaskClient) -> None:
    etag = web.get("/", headers={"Accept": CHROME}).headers["ETag"]
    answer = web.get("/", headers={"Accept": CHROME, "If-None-Match": etag})
    assert (answer.status_code, answer.headers["Vary"]) == (304, "Accept")
    assert web.get("/", headers={"If-None-Match": etag}).get_json()["service"] == "inkpaw"
