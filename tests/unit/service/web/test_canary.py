"""Which share of requests the canary answers, by the setting and by the model's own share in the catalog."""

import pytest
from flask.testing import FlaskClient

from service.catalog import Catalog, Model
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, make_handler
from tests.support.pictures import make_png
from tests.unit.service.web.conftest import make_version

VERSIONS = {number: make_version(number, "classifier") for number in (1, 2)}
LABELS = {"stable": 1, "canary": 2}


@pytest.mark.parametrize(("setting", "own", "number"), [(0, None, 1), (100, None, 2), (0, 100.0, 2), (100, 0.0, 1)])
def test_share_of_the_model_counts_before_the_setting(
    settings: Settings, setting: float, own: float | None, number: int
) -> None:
    web: FlaskClient = create_app(settings.model_copy(update={"canary_percent": setting})).test_client()
    catalog = Catalog(1, {"echo": Model("echo", VERSIONS, LABELS, canary_percent=own)})
    with FakeEngine(settings.engine_sockets[0], make_handler(catalog)):
        answers = [web.post("/predict/echo", data=make_png(3)) for _ in range(5)]
    assert {answer.get_json()["version"] for answer in answers} == {number}
