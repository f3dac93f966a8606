"""Every error a client can meet: one tree, each with its HTTP status and a stable code.

The text of an error is written for the person who sent the request. The engine sends `code` and the text over its
socket, and `from_code` makes the same error again on the other side.
"""


class InkpawError(Exception):
    """The root: an error that is nobody's fault but ours unless a subclass says otherwise."""

    status = 500
    code = "internal"
    retry_after: int | None = None

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


class NotFound(InkpawError):
    """No such path."""

    status = 404
    code = "not_found"


class ModelNotFound(NotFound):
    """No servable of that name, or no such version or label of it."""

    code = "model_not_found"


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


class RequestTimeout(InkpawError):
    """The request's body did not come within the request's time."""

    status = 408
    code = "request_timeout"


class UnsupportedMediaType(InkpawError):
    """The body is of a content type that this path does not read."""

    status = 415
    code = "unsupported_media_type"


class Overloaded(InkpawError):
    """The servable's queue is full: the request was turned away before any work was done on it."""

    status = 503
    code = "overloaded"
    retry_after = 1


class Unavailable(InkpawError):
    """Nothing can answer now: the engine is starting again, the model is not loaded, or the service is draining."""

    status = 503
    code = "unavailable"
    retry_after = 2


class EngineDown(Unavailable):
    """There is no engine to send to: it is being started again. Nothing was sent, so the call may be made elsewhere."""

    code = "engine_down"


class DeadlineExceeded(InkpawError):
    """The answer did not come within the request's time."""

    status = 504
    code = "deadline_exceeded"


def _tree(root: type[InkpawError]) -> dict[str, type[InkpawError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


_BY_CODE = _tree(InkpawError)


def from_code(code: str, message: str) -> InkpawError:
    """The error of that code; `InkpawError` itself for a code that this version does not know."""
    return _BY_CODE.get(code, InkpawError)(message)
