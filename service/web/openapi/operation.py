"""One operation of the document: a method of a path."""

from collections.abc import Iterable
from typing import Any

from service.access.scopes import KEY_SCOPES
from service.web.openapi.errors import get_error_form, make_error_responses
from service.web.openapi.paths import list_path_parameters, to_path
from service.web.openapi.schemas import Schema, Schemas
from service.web.route_doc import Content, Parameter, Reply
from service.web.routing import Route

BEARER, API_KEY = "bearer", "apiKey"  # the security schemes; a service without keys needs neither

_JSON = "application/json"
_BINARY: Schema = {"type": "string", "format": "binary"}
_PRETTY = Parameter(
    "pretty", "query", "Empty, `1` or `true` indents an answer in JSON. Other values change nothing.", str
)


def list_forms(route: Route) -> Iterable[Any]:
    """Every type that the route's operations speak of."""
    assert route.doc is not None
    yield get_error_form(route.protocol)
    yield from (parameter.form for parameter in [*route.doc.parameters, _PRETTY])
    contents = [*route.doc.body, *(content for reply in route.doc.replies for content in reply.contents)]
    yield from (form for content in contents for form in content.forms)


def make_operation(route: Route, rule: str, method: str, schemas: Schemas) -> Schema:
    doc = route.doc
    assert doc is not None
    has_body = method == "POST" and bool(doc.body)
    parameters = [parameter for parameter in doc.parameters if method in (parameter.methods or route.methods)]
    if any(content.media_type == _JSON for reply in doc.replies for content in reply.contents):
        parameters.append(_PRETTY)
    operation: Schema = {
        "operationId": _make_id(route, rule, method),
        "tags": [route.protocol.name],
        "summary": doc.summary,
        "description": _make_description(route),
        "parameters": list_path_parameters(rule) + [_make_parameter(item, schemas) for item in parameters],
        "responses": {str(int(reply.status)): _make_reply(reply, schemas) for reply in doc.replies}
        | make_error_responses(route, has_body, schemas),
    }
    if route.scope in KEY_SCOPES:
        operation["security"] = [{}, {BEARER: []}, {API_KEY: []}]
    if has_body:
        content = _make_contents(doc.body, schemas)
        operation["requestBody"] = {"required": doc.body_required, "content": content}
    if doc.curl:
        operation["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": line} for line in doc.curl]
    return operation


def _make_id(route: Route, rule: str, method: str) -> str:
    """Unique: a method, a protocol, and what is in the path."""
    words = "".join(character if character.isalnum() else " " for character in to_path(rule)).split()
    return "_".join([method.lower(), route.protocol.name, *words])


def _make_description(route: Route) -> str:
    assert route.doc is not None
    lines = "\n".join(route.doc.curl)
    return "\n\n".join(filter(None, [route.doc.description, f"```\n{lines}\n```" if lines else ""]))


def _make_parameter(parameter: Parameter, schemas: Schemas) -> Schema:
    fields: Schema = {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "schema": schemas.get(parameter.form),
    }
    return fields if parameter.example is None else fields | {"example": parameter.example}


def _make_reply(reply: Reply, schemas: Schemas) -> Schema:
    response: Schema = {"description": reply.description}
    if reply.contents:
        response["content"] = _make_contents(reply.contents, schemas)
    if reply.headers:
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in reply.headers.items()
        }
    return response


def _make_contents(contents: Iterable[Content], schemas: Schemas) -> Schema:
    return {content.media_type: _make_content(content, schemas) for content in contents}


def _make_content(content: Content, schemas: Schemas) -> Schema:
    forms = [schemas.get(form) for form in content.forms]
    schema = {"anyOf": forms} if len(forms) > 1 else (forms or [_BINARY])[0]
    media: Schema = {"schema": content.schema or schema}
    if content.examples:
        media["examples"] = {title: {"value": value} for title, value in content.examples.items()}
    return media
