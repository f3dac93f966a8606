"""The error responses of an operation: one per status, in the shape of its protocol."""

from collections.abc import Iterable
from typing import Any, get_type_hints

from service.access.scopes import KEY_SCOPES, Scope
from service.errors import Forbidden, HeadTooLarge, InkpawError, Overloaded, TooManyRequests, Unauthorized
from service.web.openapi.schemas import Schema, Schemas
from service.web.route_doc import BODY_ERRORS
from service.web.routing import Protocol, Route, native_error_body

_RETRY_AFTER = {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}


def get_error_form(protocol: Protocol) -> Any:
    """The type of `error` in the JSON of the protocol's errors."""
    return get_type_hints(protocol.error_body)["return"]


def make_error_responses(route: Route, has_body: bool, schemas: Schemas) -> Schema:
    """The operation's error responses by status."""
    assert route.doc is not None
    errors: list[type[InkpawError]] = [InkpawError, *route.doc.errors]
    if has_body:
        errors += BODY_ERRORS
    if route.admission:
        errors.append(Overloaded)
    if route.scope is not Scope.PROBE:
        errors.append(TooManyRequests)
    if route.scope in KEY_SCOPES:
        errors += [Unauthorized, Forbidden]
    responses = _group_by_status(errors, schemas.get(get_error_form(route.protocol)))
    # found before the path is known, so it has the native shape
    return responses | _group_by_status([HeadTooLarge], schemas.get(get_error_form(Protocol("", native_error_body))))


def _group_by_status(errors: Iterable[type[InkpawError]], body: Schema) -> Schema:
    by_status: dict[int, list[type[InkpawError]]] = {}
    for error in dict.fromkeys(errors):
        by_status.setdefault(error.status, []).append(error)
    return {str(status): _make_response(members, body) for status, members in sorted(by_status.items())}


def _make_response(errors: list[type[InkpawError]], body: Schema) -> Schema:
    schema = {"type": "object", "required": ["error"], "properties": {"error": body}}
    response: Schema = {
        "description": " ".join(f"`{error.code}`: {_get_first_line(error)}" for error in errors),
        "content": {"application/json": {"schema": schema}},
    }
    if any(error.retry_after is not None for error in errors):
        response["headers"] = {"Retry-After": _RETRY_AFTER}
    return response


def _get_first_line(error: type[InkpawError]) -> str:
    return (error.__doc__ or "").partition("\n")[0]
