"""A response of `dispatch` as gRPC ends a call: a status code, a sentence, and trailing metadata."""

from typing import Any, NamedTuple

import grpc
import msgspec

from service.errors import Overloaded
from service.web.response import Response
from service.web.routing import NativeError

Code = grpc.StatusCode
Metadata = tuple[tuple[str, str], ...]

RETRY_AFTER = "grpc-retry-pushback-ms"  # where gRPC's own retries look
_MAX_DETAILS = 2000  # bytes; clients bound the metadata that they read
_CODES = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.UNIMPLEMENTED,
    408: Code.DEADLINE_EXCEEDED,
    413: Code.INVALID_ARGUMENT,  # no retry would help
    422: Code.INVALID_ARGUMENT,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}


class Status(NamedTuple):
    code: Any
    details: str
    metadata: Metadata


class _ErrorBody(msgspec.Struct):
    error: NativeError


def make_status(response: Response) -> Status:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if seconds := headers.pop("retry-after", ""):
        headers[RETRY_AFTER] = str(1000 * int(seconds))
    metadata = tuple(headers.items())
    if response.status == 200:
        return Status(Code.OK, "", metadata)
    code, details = _CODES.get(response.status, Code.INTERNAL), ""
    if response.body:
        error = msgspec.json.decode(response.body, type=_ErrorBody).error
        details = error.message.encode()[:_MAX_DETAILS].decode(errors="ignore")
        if error.code == Overloaded.code:
            code = Code.RESOURCE_EXHAUSTED
    return Status(code, details, metadata)
