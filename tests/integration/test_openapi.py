"""What `/openapi.json` says is what a running service does."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from service.web.app import ROUTES
from service.web.openapi.document import build_document
from tests.integration.conftest import run_service
from tests.support.schemathesis_hooks import CLASSIFIER, GENERATOR, LABEL
from tests.support.server import ROOT, Service

DOCUMENT: dict[str, Any] = json.loads(json.dumps(build_document(ROUTES)))
OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
LINES = [
    (method, path, index)
    for method, path in OPERATIONS
    for index in range(len(DOCUMENT["paths"][path][method].get("x-codeSamples", [])))
]
SECONDS = os.environ.get("INKPAW_TEST_API_SECONDS", "40")  # for schemathesis; a long run takes 1200


@pytest.fixture(scope="module")
def described(build_model: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the models that the document's examples name."""
    folder = tmp_path_factory.mktemp("described")
    models = {CLASSIFIER: "tiny", GENERATOR: "blot"}
    for name, model in models.items():
        shutil.copytree(build_model(model), folder / "models" / name / "1")
    policies = folder / "policies.json"
    policies.write_text(json.dumps({name: {"labels": {LABEL: 1}} for name in models}))
    with run_service(folder / "models", Service, policies=policies) as service:
        yield service
        assert "Traceback" not in service.log


def check_answer(method: str, path: str, status: int, content_type: str, body: bytes) -> None:
    """Raises if the operation's document has no such status or type, or if the body does not fit the schema."""
    response = DOCUMENT["paths"][path][method]["responses"][str(status)]
    types = {re.sub(r";.*", "", media_type): content for media_type, content in response["content"].items()}
    content = types[content_type.split(";")[0]]
    if content_type == "application/json":
        schema = content["schema"] | {"components": DOCUMENT["components"]}
        jsonschema.validate(json.loads(body), schema, jsonschema.Draft202012Validator)


def fill(path: str, name: str) -> str:
    return path.format(name=name, version=1, label=LABEL)


@pytest.mark.parametrize(("method", "path"), [pair for pair in OPERATIONS if pair[0] == "get"])
@pytest.mark.parametrize("name", [CLASSIFIER, GENERATOR, "unheard"])
def test_get_is_answered_as_the_document_says(described: Service, method: str, path: str, name: str) -> None:
    answer = described.get(fill(path, name))
    check_answer(method, path, answer.status_code, answer.headers["Content-Type"], answer.content)
    wrong_kind = path.startswith("/generate") and name == CLASSIFIER
    expected = 404 if name == "unheard" and "{name}" in path else 400 if wrong_kind else 200
    assert answer.status_code == expected


EXAMPLES = [
    (path, title)
    for method, path in OPERATIONS
    for content in DOCUMENT["paths"][path][method].get("requestBody", {"content": {}})["content"].values()
    for title in content.get("examples", {})
]


@pytest.mark.parametrize(("path", "title"), EXAMPLES)
def test_example_of_a_body_is_accepted(described: Service, path: str, title: str) -> None:
    body = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"][title]["value"]
    answer = described.post(fill(path, GENERATOR), json=body)
    assert answer.status_code == 200, answer.text
    check_answer("post", path, answer.status_code, answer.headers["Content-Type"], answer.content)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
@pytest.mark.parametrize(("method", "path", "index"), LINES)
def test_curl_line_works(described: Service, tmp_path: Path, method: str, path: str, index: int) -> None:
    (tmp_path / "seven.png").write_bytes(described.get(f"/generate/{GENERATOR}?label=7&seed=3").content)
    line = DOCUMENT["paths"][path][method]["x-codeSamples"][index]["source"]
    line = line.replace("localhost:8080", described.url).replace("curl ", "curl -sS --fail-with-body -D head ")
    result = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, timeout=60)
    assert result.returncode == 0, (line, result.stdout, result.stderr)
    head = (tmp_path / "head").read_text()
    content_type = re.findall(r"(?mi)^content-type: (.*?)\s*$", head)[0]
    if " -o " not in line:
        check_answer(method, path, int(head.split()[1]), content_type, result.stdout)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_other_methods_are_405_with_those_that_there_are(described: Service, method: str, path: str) -> None:
    answer = requests.request("PATCH", described.url + fill(path, CLASSIFIER), timeout=10)
    allowed = {name.strip().lower() for name in answer.headers["Allow"].split(",")} - {"head", "options"}
    assert (answer.status_code, allowed) == (405, set(DOCUMENT["paths"][path]))


def test_schemathesis_finds_nothing(described: Service, tmp_path: Path) -> None:
    """All its checks on all operations, for a bounded time; the same seed makes the same requests."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{described.url}/openapi.json"]
    options = ["--checks=all", "--phases=examples,coverage,fuzzing,stateful", "--max-examples=4", "--seed=1"]
    variables = os.environ | {"SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [*command, *options, f"--max-time={SECONDS}", "--no-color"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=600 + int(SECONDS),
    )
    assert result.returncode == 0, result.stdout[-10_000:] + result.stderr[-2000:]
    assert re.search(rf"Tested: {len(OPERATIONS) - 1}\b", result.stdout), "it takes the document itself as given"
