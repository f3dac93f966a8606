"""Keys, limits and origins on the routes, by both doors and in every protocol's shape."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prometheus_client import REGISTRY

from service.access.keys import format_entry, make_key
from service.access.scopes import KEY_SCOPES, Scope
from service.client_socket import ClientSocket
from service.settings import Settings
from service.web.app import ROUTES, App, create_app
from service.web.dispatch import dispatch
from service.web.request import Request
from tests.support.engine import FakeEngine
from tests.support.pictures import make_png

KEYS = {scope: make_key() for scope in KEY_SCOPES}
ENTRIES = ",".join(format_entry(scope, [scope], key) for scope, key in KEYS.items())
ORIGIN = "https://page.example"
WORKING = {
    "/predict/echo": Scope.PREDICT,
    "/generate/blot": Scope.GENERATE,
    "/v1/models/echo:predict": Scope.PREDICT,
    "/v2/models/echo/infer": Scope.PREDICT,
    "/v2/repository/index": Scope.PREDICT,
}
# paths, and what a key needs for them: whoever changes this changes who gets in
OPEN_PATHS = {"/", "/docs", "/openapi.json", "/livez", "/readyz", "/v2/health/live", "/v2/health/ready"}


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes


class Door:
    """Sends a request to the application: through Flask, or as the fast path does."""

    def __init__(self, app: App, is_fast: bool) -> None:
        self.app, self.is_fast = app, is_fast

    def ask(self, path: str, method: str = "POST", body: bytes = b"", **headers: str) -> Answer:
        match = self.app.router.match(path)
        if not self.is_fast or match is None or not match.route.fast_path:
            response = self.app.test_client().open(path, method=method, data=body, headers=headers)
            return Answer(response.status_code, response.headers, response.data)
        client = ClientSocket(-1, "192.0.2.1")
        known = {name.lower(): value for name, value in headers.items()}
        request = Request(
            *(self.app.context, path, method, "", "", len(body)),
            get_header=lambda name: known.get(name.lower()),
            stream=BytesIO(body),
            client=client,
        )
        fast = dispatch(match.route, request, match.spec)
        return Answer(fast.status, fast.headers, fast.body)


@pytest.fixture(params=["flask", "fast path"])
def is_fast(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "fast path")


@pytest.fixture
def door(settings: Settings, engine: FakeEngine, is_fast: bool) -> Iterator[Door]:
    yield Door(create_app(settings.model_copy(update={"keys": ENTRIES})), is_fast)


@pytest.mark.parametrize(("path", "scope"), WORKING.items())
def test_request_without_a_key_gets_401_in_its_protocols_shape(door: Door, path: str, scope: Scope) -> None:
    answer = door.ask(path)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="inkpaw"'
    error = json.loads(answer.body)["error"]
    assert isinstance(error, str) if path.startswith("/v") else error["code"] == "unauthorized"


@pytest.mark.parametrize(("path", "scope"), WORKING.items())
def test_key_of_another_scope_gets_403_in_its_protocols_shape(door: Door, path: str, scope: Scope) -> None:
    answer = door.ask(path, **{"X-API-Key": KEYS[Scope.METRICS]})
    assert answer.status == 403
    assert f'error="insufficient_scope", scope="{scope}"' in answer.headers["WWW-Authenticate"]
    error = json.loads(answer.body)["error"]
    assert isinstance(error, str) if path.startswith("/v") else error["code"] == "forbidden"


def test_key_of_the_scope_gets_in(door: Door) -> None:
    predict = {"Authorization": f"Bearer {KEYS[Scope.PREDICT]}"}
    assert door.ask("/predict/echo", body=make_png(3), **predict).status == 200
    assert door.ask("/generate/blot", **{"X-API-Key": KEYS[Scope.GENERATE]}).status == 200
    assert door.ask("/metrics", "GET", **{"X-API-Key": KEYS[Scope.METRICS]}).status == 200
    assert door.ask("/metrics", "GET", **predict).status == 403


def test_key_is_not_in_the_log_but_its_name_is(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.app.context.settings.__dict__["access_log"] = 1.0
    caplog.set_level("INFO", "service.access")
    door.ask("/predict/echo", body=make_png(3), **{"X-API-Key": KEYS[Scope.PREDICT]})
    assert [record.__dict__["key"] for record in caplog.records] == ["predict"]
    assert KEYS[Scope.PREDICT] not in str([record.__dict__ for record in caplog.records])


def test_every_path_needs_a_key_but_for_probes_and_pages(settings: Settings, engine: FakeEngine) -> None:
    app = create_app(settings.model_copy(update={"keys": ENTRIES}))
    client = app.test_client()
    unguarded = set()
    for route in ROUTES:
        for rule in route.rules:
            path = rule.replace("<version:version>", "1").replace("<label>", "old").replace("<plain:label>", "old")
            path = path.replace("<name>", "echo").replace("<plain:name>", "echo")
            for method in (*route.methods, "HEAD") if "GET" in route.methods else route.methods:
                if client.open(path, method=method).status_code != 401:
                    unguarded.add(path)
    assert {path for path in unguarded if not path.startswith(("/playground/", "/docs/"))} == OPEN_PATHS


def test_body_of_a_refused_request_is_not_read(settings: Settings, engine: FakeEngine) -> None:
    app = create_app(settings.model_copy(update={"keys": ENTRIES}))
    match = app.router.match("/predict/echo")
    assert match is not None

    class Unreadable:
        def read(self, size: int, /) -> bytes:
            raise AssertionError

    request = Request(app.context, "/predict/echo", "POST", "", "", 9, lambda _: None, Unreadable(), None)
    assert dispatch(match.route, request, match.spec).status == 401


def make_limited(settings: Settings, is_fast: bool) -> Door:
    return Door(create_app(settings.model_copy(update={"limit_per_address": "2/hour"})), is_fast)


def test_limit_is_told_and_kept(settings: Settings, engine: FakeEngine, is_fast: bool) -> None:
    door = make_limited(settings, is_fast)
    answers = [door.ask("/predict/echo", body=make_png(3)) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [answer.headers["RateLimit-Policy"] for answer in answers] == ['"address";q=2;w=3600'] * 3
    assert [answer.headers["RateLimit"].split(";t=")[0] for answer in answers] == [
        *('"address";r=1', '"address";r=0', '"address";r=0')
    ]
    assert 3590 < int(answers[2].headers["Retry-After"]) <= 3600
    assert json.loads(answers[2].body)["error"]["code"] == "too_many_requests"


def test_mistakes_and_unknown_paths_count_too(settings: Settings, engine: FakeEngine) -> None:
    door = make_limited(settings, False)
    assert [door.ask(path, "GET").status for path in ("/nothing", "/predict/echo", "/nothing")] == [404, 405, 429]
    assert door.ask("/livez", "GET").status == 200


def test_pages_of_no_other_origin_are_allowed_by_default(door: Door) -> None:
    answer = door.ask("/predict/echo", "OPTIONS", Origin=ORIGIN, **{"Access-Control-Request-Method": "POST"})
    assert not [name for name in dict(answer.headers) if name.startswith("Access-Control")]


def make_cross_origin(settings: Settings, origins: str = f"{ORIGIN},http://localhost:3000") -> Door:
    return Door(create_app(settings.model_copy(update={"cors_origins": origins, "keys": ENTRIES})), False)


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/predict/echo", {"POST"}), ("/v2/models/echo/infer", {"POST"}), ("/generate/blot", {"GET", "HEAD", "POST"})],
)
def test_preflight_allows_what_the_route_table_has(
    settings: Settings, engine: FakeEngine, path: str, methods: set[str]
) -> None:
    answer = make_cross_origin(settings).ask(
        path, "OPTIONS", Origin=ORIGIN, **{"Access-Control-Request-Method": "POST"}
    )
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == methods | {"OPTIONS"}
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_page_of_a_listed_origin_can_read_answers_and_errors(settings: Settings, engine: FakeEngine) -> None:
    door = make_cross_origin(settings)
    for headers in ({}, {"X-API-Key": KEYS[Scope.PREDICT]}):
        answer = door.ask("/predict/echo", body=make_png(3), Origin=ORIGIN, **headers)
        assert answer.status == (200 if headers else 401)
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.headers["Vary"] == "Origin"
        assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "https://page.example.evil", "null", ORIGIN + ":8443"])
def test_page_of_another_origin_cannot(settings: Settings, engine: FakeEngine, origin: str) -> None:
    answer = make_cross_origin(settings).ask("/", "GET", Origin=origin)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Accept, Origin", "a cache must not give it the answer to another origin"


def test_star_allows_every_origin(settings: Settings, engine: FakeEngine) -> None:
    assert make_cross_origin(settings, "*").ask("/", "GET", Origin=ORIGIN).headers["Access-Control-Allow-Origin"] == "*"


def test_service_without_keys_and_limits_has_its_routes_as_they_are(settings: Settings, tmp_path: Path) -> None:
    assert create_app(settings).router.routes == ROUTES


def test_operators_port_has_metrics_and_probes_without_keys_and_the_other_has_no_metrics(
    settings: Settings, engine: FakeEngine
) -> None:
    app = create_app(settings.model_copy(update={"keys": ENTRIES, "operations_port": 0}))
    assert app.operations is not None
    ours, theirs = app.operations.test_client(), app.test_client()
    assert [ours.get(path).status_code for path in ("/metrics", "/livez", "/v2/health/live")] == [200] * 3
    assert [ours.get(path).status_code for path in ("/", "/generate/blot", "/docs")] == [404] * 3
    assert ours.post("/predict/echo").status_code == 404
    headers = {"X-API-Key": KEYS[Scope.METRICS]}
    assert [theirs.get(path, headers=headers).status_code for path in ("/metrics", "/livez")] == [404, 200]


def read_denied(reason: str) -> float:
    return REGISTRY.get_sample_value("inkpaw_denied_total", {"reason": reason}) or 0.0


def test_requests_that_are_not_let_in_are_counted_by_reason_and_not_as_rejected(door: Door) -> None:
    """`inkpaw_rejected_total` is of overload and failure: who guesses keys must not raise an alarm of those."""
    before = {reason: read_denied(reason) for reason in ("unauthorized", "forbidden")}
    for key in ("", "guess", KEYS[Scope.METRICS]):
        door.ask("/predict/echo", **{"X-API-Key": key})
    assert read_denied("unauthorized") - before["unauthorized"] == 2
    assert read_denied("forbidden") - before["forbidden"] == 1
    assert REGISTRY.get_sample_value("inkpaw_rejected_total", {"reason": "unauthorized", "model": ""}) is None
