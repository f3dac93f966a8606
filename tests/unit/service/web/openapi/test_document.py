"""The OpenAPI document is valid, and says of every route what is true."""

import json
import tomllib
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from service.errors import BadRequest, InkpawError
from service.settings import Settings
from service.version import VERSION
from service.web.api.documentation.openapi import OpenApi
from service.web.app import ROUTES, create_app
from service.web.error_response import error_response
from service.web.openapi.document import build_document
from service.web.openapi.paths import to_path
from service.web.route_doc import RouteDoc, reply_json
from service.web.routing import Protocol, Route

ROOT = Path(__file__).parents[5]
DOCUMENT: dict[str, Any] = json.loads(json.dumps(build_document(ROUTES)))
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
ROUTE_OF = {f"{method} {to_path(rule)}": route for route in ROUTES for rule in route.rules for method in route.methods}


def check(value: object, schema: dict[str, Any]) -> None:
    """Raises ValidationError if the value does not fit the schema of the document."""
    jsonschema.validate(value, schema | {"components": DOCUMENT["components"]}, jsonschema.Draft202012Validator)


def test_document_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1.")


def test_every_route_says_something_about_itself() -> None:
    assert [route.rules for route in ROUTES if route.doc is None] == []


def test_every_method_that_flask_takes_is_there_and_nothing_else(settings: Settings) -> None:
    rules = create_app(settings).url_map.iter_rules()
    taken = {f"{method} {to_path(rule.rule)}" for rule in rules for method in rule.methods or () if rule.endpoint}
    assert set(OPERATIONS) == {name for name in taken if name.split()[0] not in ("HEAD", "OPTIONS")}


def test_every_operation_has_an_id_of_its_own_and_a_summary() -> None:
    assert len({operation["operationId"] for operation in OPERATIONS.values()}) == len(OPERATIONS)
    assert all(operation["summary"] for operation in OPERATIONS.values())


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("error", [BadRequest, InkpawError])
def test_errors_have_the_shape_of_their_protocol(name: str, error: type[InkpawError]) -> None:
    response = error_response(error("It went wrong."), ROUTE_OF[name].protocol)
    documented = OPERATIONS[name]["responses"].get(str(error.status))
    if documented is not None:
        check(json.loads(response.body), documented["content"]["application/json"]["schema"])
    assert documented or error is BadRequest


@pytest.mark.parametrize("name", OPERATIONS)
def test_statuses_are_those_that_a_route_can_have(name: str) -> None:
    route, statuses = ROUTE_OF[name], set(OPERATIONS[name]["responses"])
    assert route.doc is not None
    assert {"431", "500"} <= statuses
    assert ("503" in statuses) or not route.admission
    assert {str(error.status) for error in route.doc.errors} <= statuses
    if OPERATIONS[name].get("requestBody"):
        assert {"400", "408", "413", "415"} <= statuses
    assert all(int(status) in set(HTTPStatus) for status in statuses)


def test_what_may_be_tried_again_says_when() -> None:
    responses = [operation["responses"]["503"] for operation in OPERATIONS.values() if "503" in operation["responses"]]
    assert responses and all("Retry-After" in response["headers"] for response in responses)


@pytest.mark.parametrize("name", OPERATIONS)
def test_examples_fit_their_schemas(name: str) -> None:
    operation = OPERATIONS[name]
    for parameter in operation["parameters"]:
        if "example" in parameter:
            check(parameter["example"], parameter["schema"])
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        for example in content.get("examples", {}).values():
            check(example["value"], content["schema"])


def test_generate_takes_its_fields_in_the_query_or_in_the_body() -> None:
    get, post = OPERATIONS["GET /generate/{name}"], OPERATIONS["POST /generate/{name}"]
    assert "requestBody" not in get and "requestBody" in post
    fields = set(DOCUMENT["components"]["schemas"]["GenerateRequest"]["properties"])
    queries = [{item["name"] for item in one["parameters"] if item["in"] == "query"} for one in (get, post)]
    assert queries == [fields | {"label", "pretty"}, {"pretty"}]


def test_new_endpoint_is_one_route_with_its_doc() -> None:
    doc = RouteDoc("Ping", (reply_json("It answers.", dict[str, int]),), errors=(BadRequest,))
    route = Route(("/ping/<name>",), ("GET",), lambda request, spec: None, Protocol("ping"), doc=doc)  # type: ignore[arg-type,return-value]
    document = build_document([route])
    validate(document)
    assert list(document["paths"]["/ping/{name}"]["get"]["responses"]) == [
        *("200", "400", "401", "403", "429", "500", "503", "431")
    ]


def test_document_is_not_made_before_it_is_asked_for() -> None:
    made: list[int] = []
    openapi = OpenApi(lambda: made.append(1) or ROUTES)  # type: ignore[func-returns-value]
    assert made == []
    first, second = (openapi.get_document(None, None) for _ in range(2))  # type: ignore[arg-type]
    assert (made, first.body) == ([1], second.body)


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert DOCUMENT["info"]["version"] == VERSION == project["version"]
