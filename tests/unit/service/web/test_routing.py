"""One route table serves Flask and the fast path."""

import pytest
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from service.errors import Unavailable
from service.settings import Settings
from service.web.app import App, create_app
from service.web.request import ModelSpec, Request
from service.web.response import Response, json_response
from service.web.routing import Protocol, Route, Router
from service.web.server import fast_path


@pytest.fixture
def router(settings: Settings) -> Router:
    return create_app(settings).router


@pytest.mark.parametrize(
    ("path", "spec"),
    [
        ("/predict/digits", ModelSpec("digits")),
        ("/predict/digits/versions/12", ModelSpec("digits", version=12)),
        ("/predict/cats-dogs/labels/canary", ModelSpec("cats-dogs", label="canary")),
        ("/v2/models/digits/infer", ModelSpec("digits")),
        ("/v2/models/digits/versions/3/infer", ModelSpec("digits", version=3)),
        ("/v1/models/digits", ModelSpec("digits")),
        ("/generate/digits-gan", ModelSpec("digits-gan")),
        ("/livez", ModelSpec()),
        ("/", ModelSpec()),
        ("/v2/models/digits", ModelSpec("digits")),
        ("/v2/models/digits/versions/3/ready", ModelSpec("digits", version=3)),
        ("/v1/models/digits:predict", ModelSpec("digits")),
        ("/v1/models/digits/versions/3:predict", ModelSpec("digits", version=3)),
        ("/v1/models/digits/labels/canary:predict", ModelSpec("digits", label="canary")),
        ("/v1/models/digits/metadata", ModelSpec("digits")),
        ("/v1/models/digits:explain", None),
        ("/predict/", None),
        ("/predict", None),
        ("/predict/a/", ModelSpec("a")),
        ("/predict/a//", None),
        ("/predict/a/versions/-1", None),
        ("/predict/a/versions/x", None),
        ("/predict/a/versions/" + "9" * 5000, None),
        ("/predict/a/labels/", None),
        ("/predict/a/other/1", None),
        ("/predict/a%20b", None),
        ("//predict/a", None),
        ("*", None),
        ("", None),
    ],
)
def test_path_names_a_model(router: Router, path: str, spec: ModelSpec | None) -> None:
    match = router.match(path)
    assert (match and match.spec) == spec


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/predict/digits", "predict"),
        ("/predict", "predict"),
        ("/generate/x/y/z", "generate"),
        ("/v1/models/digits:predict", "v1"),
        ("/v1", "v1"),
        ("/v2/health/live", "v2"),
        ("/v3/models", "operations"),
        ("/nothing", "operations"),
        ("*", "operations"),
    ],
)
def test_protocol_is_known_where_no_route_matches(router: Router, path: str, name: str) -> None:
    assert router.get_protocol(path).name == name


def test_only_probes_and_metrics_bypass_admission(router: Router) -> None:
    rules = {rule for route in router.routes if not route.admission for rule in route.rules}
    assert rules == {"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"}


def ping(request: Request, spec: ModelSpec) -> Response:
    """Answers with the name, or fails for the name `down`."""
    request.model, request.version = spec.name, "1"
    if spec.name == "down":
        raise Unavailable("It is down.")
    return json_response({"ping": spec.name})


@pytest.fixture
def extended(settings: Settings) -> App:
    """The service with one more endpoint."""
    route = Route(("/ping/<name>",), ("GET",), ping, Protocol("ping", lambda error: error.message), fast_path=True)
    app = create_app(settings)
    return App(app.context, Router([*app.router.routes, route], app.router.default))


def test_new_route_works_in_flask_and_on_the_fast_path(extended: App) -> None:
    assert extended.test_client().get("/ping/a").get_json() == {"ping": "a"}
    assert fast_path.takes(extended.router.match("/ping/a"), "GET")


def test_new_route_has_its_methods_and_the_shape_of_its_errors(extended: App) -> None:
    client = extended.test_client()
    assert client.post("/ping/a").get_json() == {"error": "This path does not take this method."}
    assert client.get("/ping/down").get_json() == {"error": "It is down."}
    assert client.get("/ping/down").headers["Retry-After"]


def test_new_route_is_counted_under_its_protocol(extended: App) -> None:
    labels = {"model": "counted", "version": "1", "protocol": "ping", "status": "200"}
    extended.test_client().get("/ping/counted")
    assert REGISTRY.get_sample_value("inkpaw_requests_total", labels) == 1


def test_path_with_two_slashes_is_not_redirected(web: FlaskClient) -> None:
    answer = web.get("/", environ_overrides={"PATH_INFO": "//elsewhere/livez"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")
