"""What clients send without thinking, on every path: a slash at the end, `?pretty`, HEAD, OPTIONS, gzip."""

import gzip
import json
import zlib
from base64 import b64encode
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.settings import Settings
from service.web.app import create_app
from service.web.routing import Router
from tests.support.pictures import make_png

IMAGE = make_png(7)
ROWS = json.dumps({"instances": [{"b64": b64encode(IMAGE).decode()}]})
TENSOR = {"name": "images", "shape": [1], "datatype": "BYTES", "data": [b64encode(IMAGE).decode()]}
GETS = ["/", "/livez", "/v1/models/echo", "/v1/models/echo/metadata", "/v2/models/echo", "/v2", "/nothing"]
POSTS = {
    "/predict/echo": ROWS,
    "/v1/models/echo:predict": ROWS,
    "/v2/models/echo/infer": json.dumps({"inputs": [TENSOR]}),
}


def ask(web: FlaskClient, path: str, query: str = "", **options: Any) -> Any:
    name = path.rstrip("/")
    return web.post(path + query, data=POSTS[name], **options) if name in POSTS else web.get(path + query)


@pytest.mark.parametrize("path", [*GETS[1:], *POSTS])
def test_slash_at_the_end_means_nothing(web: FlaskClient, path: str) -> None:
    plain, slashed = ask(web, path), ask(web, f"{path}/")
    assert (slashed.status_code, slashed.data) == (plain.status_code, plain.data)


@pytest.mark.parametrize("path", POSTS)
def test_path_with_a_slash_stays_on_the_fast_path(settings: Settings, path: str) -> None:
    router: Router = create_app(settings).router
    assert router.match(f"{path}/") == router.match(path)


@pytest.mark.parametrize("path", ["/predict/echo//", "/v2/models/echo//ready", "/livez//"])
def test_other_slashes_are_not_passed_over(web: FlaskClient, path: str) -> None:
    assert web.open("/", method="GET", environ_overrides={"PATH_INFO": path}).status_code == 404


@pytest.mark.parametrize("path", [*GETS, *POSTS, "/generate/blot"])
@pytest.mark.parametrize("query", ["?pretty", "?pretty=true", "?pretty=1"])
def test_pretty_indents_every_answer_in_json(web: FlaskClient, path: str, query: str) -> None:
    more = "&format=json&seed=1" if "generate" in path else ""
    plain = ask(web, path, f"?{more}" if more else "")
    pretty = ask(web, path, query + more)
    assert (pretty.status_code, pretty.get_json()) == (plain.status_code, plain.get_json())
    assert pretty.text.startswith("{\n  ") and pretty.text.endswith("}\n")
    assert pretty.content_length == len(pretty.data)


def test_pretty_leaves_pictures_as_they_are(web: FlaskClient) -> None:
    assert web.get("/generate/blot?seed=1&pretty").data == web.get("/generate/blot?seed=1").data


@pytest.mark.parametrize("query", ["?pretty=false", "?pretty=0", "?unpretty", "?top=1"])
def test_other_queries_indent_nothing(web: FlaskClient, query: str) -> None:
    assert b"\n" not in ask(web, "/predict/echo", query).data


@pytest.mark.parametrize("path", [path for path in GETS if path != "/nothing"])
def test_head_has_the_headers_of_get_and_no_body(web: FlaskClient, path: str) -> None:
    head, get = web.head(path), web.get(path)
    assert (head.status_code, head.content_length, head.data) == (get.status_code, len(get.data), b"")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/predict/echo", {"POST", "OPTIONS"}),
        ("/generate/blot", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/v1/models/echo", {"GET", "HEAD", "OPTIONS"}),
        ("/v1/models/echo:predict", {"POST", "OPTIONS"}),
        ("/v2/models/echo/infer", {"POST", "OPTIONS"}),
        ("/livez", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_options_lists_the_methods(web: FlaskClient, path: str, methods: set[str]) -> None:
    answer = web.options(path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert {method.strip() for method in answer.headers["Allow"].split(",")} == methods


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies_are_read_within_the_bound(web: FlaskClient, path: str, coding: str, pack: Any) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    assert web.post(path, data=pack(POSTS[path].encode()), headers=headers).data == ask(web, path).data
    answer = web.post(path, data=pack(b" " * (2 << 20)), headers=headers)
    assert (answer.status_code, list(answer.get_json())) == (413, ["error"])
