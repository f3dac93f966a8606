"""Nothing that a client sends changes anything, and no path leads out of the folder of models."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.ipc import wire
from service.web.app import ROUTES
from tests.support.engine import FakeEngine

ROOT = Path(__file__).parents[4]
FORMS = ("/predict/{}", "/generate/{}", "/prepare/{}", "/v1/models/{}", "/v1/models/{}:predict", "/v2/models/{}/infer")
NAMES = (
    "..",
    "../..",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc",
    "..%5c..%5cetc",
    "%252e%252e%252f",
    "echo/../../../etc/passwd",
    "echo%00.png",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "~root",
    "C:%5c",
    "..;/",
    "%c0%ae%c0%ae/",
    "file:%2f%2f%2fetc%2fpasswd",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_name_that_is_a_path_names_no_model(web: FlaskClient, engine: FakeEngine, form: str, name: str) -> None:
    path = form.format(name)
    for method in ("GET", "POST"):
        assert web.open(path, method=method).status_code in (400, 404, 405)
    assert not [call for call in engine.calls if isinstance(call, wire.RunCall)]


@pytest.mark.parametrize(
    "path", ["/playground/..%2ffiles.py", "/playground/../files.py", "/docs/../pages.py", "/docs/%2e%2e/x"]
)
def test_no_file_but_the_listed_ones_is_served(web: FlaskClient, path: str) -> None:
    assert web.get(path).status_code == 404


def test_no_route_takes_a_method_that_changes_something() -> None:
    assert {method for route in ROUTES for method in route.methods} == {"GET", "POST"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"])
def test_methods_that_change_something_are_refused_everywhere(web: FlaskClient, method: str) -> None:
    paths = {rule.replace("<version:version>", "1") for route in ROUTES for rule in route.rules}
    for path in paths:
        for parameter in ("<name>", "<plain:name>", "<label>", "<plain:label>"):
            path = path.replace(parameter, "echo")
        assert web.open(path, method=method).status_code == 405, path


@pytest.mark.parametrize("path", ["models/echo/load", "models/echo/unload", "index/echo"])
def test_models_are_not_loaded_or_unloaded_by_clients(web: FlaskClient, engine: FakeEngine, path: str) -> None:
    assert web.post(f"/v2/repository/{path}").status_code == 404


def test_worker_has_only_calls_that_read() -> None:
    """A worker cannot ask the engine for a change: its protocol has no such call."""
    calls = {kind.__name__ for kind in wire.Call.__args__}  # type: ignore[attr-defined]
    assert calls == {"CatalogCall", "RunCall", "StatusCall", "CancelCall"}
