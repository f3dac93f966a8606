"""Predictions for a batch in which some images may be bad: it is halved until each bad image is alone."""

from collections.abc import Generator, Sequence

from .calls import Call, Version, make_predict
from .errors import InkpawError, ServiceError, UnreadableImage
from .results import Prediction

Outcome = Prediction | InkpawError
Steps = Generator[Call[list[Prediction]], list[Prediction], list[Outcome]]


def predict_batch(
    model: str, images: Sequence[bytes | UnreadableImage], version: Version = None, top: int | None = None
) -> Steps:
    """Yields calls and takes their results. Returns one outcome per image. Raises what is not about an image."""
    readable = [image for image in images if isinstance(image, bytes)]
    outcomes = iter((yield from _predict_halves(model, readable, version, top)))
    return [next(outcomes) if isinstance(image, bytes) else image for image in images]


def _predict_halves(model: str, images: Sequence[bytes], version: Version, top: int | None) -> Steps:
    if not images:
        return []
    try:
        return list((yield make_predict(model, images, version, top)))
    except ServiceError as error:
        if not error.is_about_images:
            raise
        if len(images) == 1:
            return [error]
    middle = len(images) // 2
    first = yield from _predict_halves(model, images[:middle], version, top)
    return first + (yield from _predict_halves(model, images[middle:], version, top))


def raise_errors(outcome: Outcome, index: int) -> Prediction:
    """The prediction. Raises the error of an image, with a note that says which it is."""
    if isinstance(outcome, Prediction):
        return outcome
    outcome.add_note(f"It is the image with index {index}.")
    raise outcome
