"""Every error that a client can meet: one tree, each with its HTTP status and a stable code.

The text of an error is for the person who sent the request. The engine sends `code` and text over its socket, and
`from_code` makes the same error again on the other side.
"""


class ClientDisconnected(Exception):
    """The client has closed its connection. Not in the tree, because no client reads it."""


class InkpawError(Exception):
    """The root: a fault of the service, unless a subclass says otherwise."""

    status = 500
    code = "internal"
    retry_after: int | None = None  # seconds
    challenge: str | None = None  # WWW-Authenticate: what a client must show

    @property
    def message(self) -> str:
        return str(self)


class BadRequest(InkpawError):
    """The request is malformed, or asks for something that has no meaning."""

    status = 400
    code = "bad_request"


class BadImage(BadRequest):
    """The bytes are not an image that can be read: text, empty, cut short, or a format that is not accepted."""

    code = "bad_image"


class Unauthorized(InkpawError):
    """There is no key in the request, or one that is not known."""

    status = 401
    code = "unauthorized"

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.challenge = 'Bearer realm="inkpaw"' + (f', error="{reason}"' if reason else "")


class Forbidden(InkpawError):
    """The key lacks the scope that the path needs."""

    status = 403
    code = "forbidden"

    def __init__(self, message: str, scope: str = "") -> None:
        super().__init__(message)
        self.challenge = f'Bearer realm="inkpaw", error="insufficient_scope", scope="{scope}"'


class TooManyRequests(InkpawError):
    """More requests came from one address, or with one key, than the limit allows."""

    status = 429
    code = "too_many_requests"
    retry_after = 1

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NoDigit(InkpawError):
    """The image can be read, but there is no ink in it."""

    status = 422
    code = "no_digit"


class NotFound(InkpawError):
    """There is no such path."""

    status = 404
    code = "not_found"


class ModelNotFound(NotFound):
    """There is no model of that name, or no such version or label of it."""

    code = "model_not_found"


class NotOffered(NotFound):
    """The model is there, but cannot do that."""

    code = "not_offered"


class MethodNotAllowed(InkpawError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class RequestTooLarge(InkpawError):
    """The body, or the number of images or samples in it, is over its bound."""

    status = 413
    code = "request_too_large"


class ImageTooLarge(RequestTooLarge):
    """The image has more pixels than may be decoded."""

    code = "image_too_large"


class UnsupportedContentEncoding(InkpawError):
    """The body is compressed in a way that is not read."""

    status = 415
    code = "unsupported_content_encoding"


class HeadTooLarge(InkpawError):
    """The request's head is over its bound, in bytes or in fields."""

    status = 431
    code = "head_too_large"


class RequestTimeout(InkpawError):
    """The request did not arrive within its time."""

    status = 408
    code = "request_timeout"


class Overloaded(InkpawError):
    """The worker or the model's queue is full: the request was refused before any work was done on it."""

    status = 503
    code = "overloaded"
    retry_after = 1


class Unavailable(InkpawError):
    """Nothing can answer now: the engine starts again, the model is not loaded, or the service is stopping."""

    status = 503
    code = "unavailable"
    retry_after = 2


class EngineDown(Unavailable):
    """There is no engine to send to: it is being started again. Nothing was sent, so another engine may be tried."""

    code = "engine_down"


class DeadlineExceeded(InkpawError):
    """The answer did not come within the request's time."""

    status = 504
    code = "deadline_exceeded"


def _list_by_code(root: type[InkpawError]) -> dict[str, type[InkpawError]]:
    errors = {root.code: root}
    for child in root.__subclasses__():
        errors |= _list_by_code(child)
    return errors


_BY_CODE = _list_by_code(InkpawError)


def from_code(code: str, message: str) -> InkpawError:
    """The error with that code; `InkpawError` itself for an unknown code."""
    return _BY_CODE.get(code, InkpawError)(message)
