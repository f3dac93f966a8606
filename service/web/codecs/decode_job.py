"""The images of one request while they are decoded, by one thread or by several."""

from collections.abc import Iterable, Sequence

import numpy as np

from service.errors import InkpawError
from service.images import Estimate, ImageInput, Prepared, estimate_cost, prepare_tolerantly
from service.web.codecs.uploads import Upload


def prepare_upload(upload: Upload, image_input: ImageInput, max_pixels: int) -> Prepared:
    """As `prepare_tolerantly`. Raises BadImage, ImageTooLarge or NoDigit that names the upload."""
    try:
        return prepare_tolerantly(upload.data, image_input, max_pixels)
    except InkpawError as error:
        raise type(error)(f"{upload.title}: {error.message}") from None


class DecodeJob:
    """`pixels` is uint8 [N,H,W,C]; `warnings` are by the index of the image; `running` holds indices.

    Refusals are kept as type and text: an exception would hold the frames that it passed, and with them the images,
    in a cycle.
    """

    def __init__(self, uploads: Sequence[Upload], image_input: ImageInput, max_pixels: int) -> None:
        shape = len(uploads), image_input.height, image_input.width, image_input.channels
        self.pixels = np.empty(shape, np.uint8)
        self.warnings: dict[int, tuple[str, ...]] = {}
        self.running: set[int] = set()
        self.is_given_up = False
        self._uploads, self._image_input, self._max_pixels = uploads, image_input, max_pixels
        self._refusals: dict[int, tuple[type[InkpawError], str]] = {}

    @property
    def size(self) -> int:
        """Bytes of all encoded images."""
        return sum(len(upload.data) for upload in self._uploads)

    def estimate(self) -> list[Estimate]:
        return [estimate_cost(upload.data) for upload in self._uploads]

    def run(self, indices: Iterable[int]) -> None:
        """Decode these images in order, until one is refused or nobody waits any more."""
        for index in indices:
            if self.is_given_up or not self._run_one(index):
                return

    def _run_one(self, index: int) -> bool:
        self.running.add(index)
        try:
            prepared = prepare_upload(self._uploads[index], self._image_input, self._max_pixels)
        except InkpawError as error:
            self._refusals[index] = type(error), error.message
            return False
        finally:
            self.running.discard(index)
        self.pixels[index] = prepared.pixels
        if prepared.warnings:
            self.warnings[index] = prepared.warnings
        return True

    def raise_refusal(self) -> None:
        """Raises what was wrong with the first image that was refused, if one was."""
        if self._refusals:
            kind, text = self._refusals[min(self._refusals)]
            raise kind(text)
