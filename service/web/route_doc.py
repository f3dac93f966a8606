"""What a route says about itself, beside the route: `/openapi.json` is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from service.errors import (
    BadRequest,
    DeadlineExceeded,
    EngineDown,
    InkpawError,
    ModelNotFound,
    NoDigit,
    Overloaded,
    RequestTimeout,
    RequestTooLarge,
    Unavailable,
    UnsupportedContentEncoding,
)

ErrorTypes = tuple[type[InkpawError], ...]

MODEL_ERRORS: ErrorTypes = (BadRequest, ModelNotFound, Unavailable, DeadlineExceeded)  # of a path that names a model
RUN_ERRORS: ErrorTypes = (*MODEL_ERRORS, RequestTooLarge, Overloaded, EngineDown)  # of one that runs it
IMAGE_ERRORS: ErrorTypes = (*RUN_ERRORS, NoDigit)  # of one that takes encoded images
BODY_ERRORS: ErrorTypes = (BadRequest, RequestTimeout, RequestTooLarge, UnsupportedContentEncoding)

TRUNCATED_HEADER = {
    "Inkpaw-Truncated": "If encoded images lack their last bytes: their indices, separated by commas."
}  # of every reply to tensors


@dataclass(frozen=True)
class Content:
    """A body of that media type. `forms` are the msgspec types that its JSON may have; none is bytes.

    `schema` stands for the forms of what is not JSON; `examples` are bodies by their titles.
    """

    media_type: str
    forms: tuple[Any, ...] = ()
    schema: Mapping[str, object] | None = None
    examples: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameter:
    """`form` is a msgspec type. A parameter belongs to every method of the route if none is named."""

    name: str
    where: Literal["query", "header"]
    description: str
    form: Any = str
    example: object = None
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What is answered if nothing goes wrong; `headers` are descriptions by name."""

    description: str
    contents: tuple[Content, ...] = ()
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RouteDoc:
    """`body` is that of a POST. `errors` are those that the endpoint raises; what every route can meet is added.

    `curl` are lines that work with the models of the repository, against localhost:8080.
    """

    summary: str
    replies: tuple[Reply, ...]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Content, ...] = ()
    body_required: bool = True
    errors: ErrorTypes = ()
    curl: tuple[str, ...] = ()


def reply_json(description: str, *forms: Any, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(description, (Content("application/json", forms),), headers=headers or {})
