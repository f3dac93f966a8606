"""What the client raises. The text of each is one or more sentences for a person."""


class InkpawError(Exception):
    """The root of the client's errors."""


class ConnectionFailed(InkpawError):
    """No answer came, or what answers is not an Inkpaw service."""


class UnreadableImage(InkpawError):
    """An image could not be read here, so it was not sent."""


class ServiceError(InkpawError):
    """The service answered with an error. The text is the service's own sentence."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status  # of HTTP
        self.code = code  # the service's stable name of the error; empty if a proxy answered

    @property
    def is_about_images(self) -> bool:
        """Whether the request failed because of its images, so that other images may still be answered."""
        return self.code in ("bad_image", "image_too_large", "no_digit") or self.status in (413, 500, 504)
