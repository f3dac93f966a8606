"""A worker whose catalog still lists a version that is already unloaded."""

import pytest
from flask.testing import FlaskClient
from numpy.typing import NDArray

from service.catalog import Catalog, Model
from service.errors import ModelNotFound
from service.ipc import wire
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import EngineReply, FakeEngine, Handler, make_handler, make_reply
from tests.support.pictures import make_png
from tests.unit.service.web.conftest import make_version


def make_catalog(number: int) -> Catalog:
    models = {name: Model(name, {number: make_version(number, kind)}) for name, kind in KINDS.items()}
    return Catalog(number, models)


KINDS = {"echo": "classifier", "blot": "generator"}
REQUESTS = {"echo": ("POST", "/predict/echo"), "blot": ("POST", "/generate/blot")}


def replace_version() -> Handler:
    """Shows version 1 in the first catalog only; from then on there is only version 2."""
    catalogs = [make_catalog(1)]

    def handle(call: wire.Call, arrays: dict[str, NDArray]) -> EngineReply:
        if isinstance(call, wire.RunCall) and call.version == 1:
            return make_reply(wire.ErrorReply(2, ModelNotFound.code, "not loaded"))
        return make_handler(catalogs.pop() if catalogs else make_catalog(2))(call, arrays)

    return handle


@pytest.fixture
def web(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


@pytest.mark.parametrize("name", KINDS)
def test_request_without_a_version_is_answered_by_the_new_version(
    settings: Settings, web: FlaskClient, name: str
) -> None:
    method, path = REQUESTS[name]
    with FakeEngine(settings.engine_sockets[0], replace_version()):
        data = make_png(3) if name == "echo" else b'{"seed": 3, "format": "json"}'
        answer = web.open(path, method=method, data=data)
    assert (answer.status_code, answer.get_json().get("version")) == (200, 2)


def test_request_for_the_unloaded_version_is_not_found(settings: Settings, web: FlaskClient) -> None:
    with FakeEngine(settings.engine_sockets[0], replace_version()):
        answer = web.post("/predict/echo/versions/1", data=make_png(3))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "model_not_found")
