"""The page that shows the API needs nothing from elsewhere."""

import json
import re

import pytest
from flask.testing import FlaskClient

from service.web.api.documentation.pages import ASSETS
from service.web.app import ROUTES
from service.web.openapi.document import build_document

POLICY = "Content-Security-Policy"


def test_document_is_served(web: FlaskClient) -> None:
    answer = web.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json() == json.loads(json.dumps(build_document(ROUTES)))


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_page_has_only_parts_that_the_service_has(web: FlaskClient, path: str) -> None:
    page = web.get(path)
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    parts = set(re.findall(r'(?:src|href)="([^"]*)"', page.text)) - {"data:,", "/openapi.json"}
    assert parts == set(ASSETS)
    assert all(web.get(part).status_code == 200 for part in parts)


def test_page_has_no_script_or_style_in_it(web: FlaskClient) -> None:
    page = web.get("/docs")
    assert not re.search(r"<script[^>]*>[^<]|<style|style=|onload=|://", page.text)
    policy = dict(part.split(" ", 1) for part in page.headers[POLICY].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert "unsafe" not in page.headers[POLICY] and "http" not in page.headers[POLICY]


@pytest.mark.parametrize("path", ASSETS)
def test_parts_have_their_types(web: FlaskClient, path: str) -> None:
    answer = web.get(path)
    assert answer.content_type.split(";")[0] == {"js": "text/javascript", "css": "text/css"}[path.rpartition(".")[2]]
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"]


def test_other_files_of_the_package_are_not_served(web: FlaskClient) -> None:
    assert web.get("/docs/index.html").status_code == 404
    assert web.get("/docs/../pages.py").status_code == 404
