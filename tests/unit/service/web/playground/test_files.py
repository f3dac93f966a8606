"""The files of the playground: what is served, with which headers, and what the page may hold."""

import re
from importlib.resources import files

import pytest
from flask.testing import FlaskClient

from service.web.playground.files import FILES, PAGE

MAX_BYTES = 100 * 1024
SCRIPTS = sorted(name for name in FILES if name.endswith(".js"))


def read_text(name: str) -> str:
    return FILES[name].body.decode()


@pytest.mark.parametrize("name", sorted(FILES))
def test_file_is_served_with_its_type_and_safe_headers(web: FlaskClient, name: str) -> None:
    answer = web.get(f"/playground/{name}")
    assert (answer.status_code, answer.data) == (200, FILES[name].body)
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert answer.mimetype == types[name.rpartition(".")[2]]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, no-cache"


def test_policy_allows_no_inline_code_and_no_other_host(web: FlaskClient) -> None:
    header = web.get("/", headers={"Accept": "text/html"}).headers["Content-Security-Policy"]
    policy = dict(part.strip().split(" ", 1) for part in header.split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in header and "http" not in header


def test_unchanged_file_is_not_sent_again(web: FlaskClient) -> None:
    etag = web.get("/playground/style.css").headers["ETag"]
    answer = web.get("/playground/style.css", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
    assert web.get("/playground/main.js", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "name", ["nothing.js", "files.py", "__init__.py", "..", "../files.py", "..%2ffiles.py", "%2e%2e/settings.py", ""]
)
def test_anything_else_is_not_found(web: FlaskClient, name: str) -> None:
    answer = web.get(f"/playground/{name}")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")


def test_files_are_read_only_with_get(web: FlaskClient) -> None:
    assert web.post("/playground/main.js").status_code == 405
    head = web.head("/playground/main.js")
    assert (head.status_code, head.data, head.content_length) == (200, b"", len(FILES["main.js"].body))


def test_page_is_small() -> None:
    assert sum(len(file.body) for file in FILES.values()) < MAX_BYTES


def test_page_has_no_inline_script_or_style() -> None:
    page = read_text(PAGE)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_file_names_another_host(name: str) -> None:
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", read_text(name).replace("http://www.w3.org/2000/svg", "")) == []


def test_page_and_scripts_refer_to_files_that_there_are() -> None:
    names = set(re.findall(r'(?:href|src)="playground/([^"]+)"', read_text(PAGE)))
    for script in SCRIPTS:
        names |= set(re.findall(r'from "\./([^"]+)"', read_text(script)))
    assert names == set(FILES) - {PAGE}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_html_of_text(name: str) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", read_text(name))


def test_scripts_ask_only_for_elements_of_the_page() -> None:
    ids = set(re.findall(r'\sid="([^"]+)"', read_text(PAGE)))
    asked = {name for script in SCRIPTS for name in re.findall(r'find\("([^"]+)"\)', read_text(script))}
    assert asked and asked <= ids


def test_every_file_of_the_package_is_served_or_python() -> None:
    names = {entry.name for entry in files("service.web.playground").iterdir() if entry.is_file()}
    assert {name for name in names if not name.endswith(".py")} == set(FILES)
