"""Uploads brought to a net's form, by threads where that is worth it."""

from collections.abc import Sequence

import numpy as np
from gevent.threadpool import ThreadPoolExecutor
from numpy.typing import NDArray

from service.errors import InkpawError
from service.images import ImageInput, prepare
from service.web.codecs.uploads import Upload

_MIN_SHARED = 8  # images; fewer are decoded sooner by one thread than shared out
_MIN_THREADED = 1 << 12  # bytes; decoding as many holds up the worker's other requests, so a thread does it


class ImageDecoder:
    """Decodes the images of a request, several at a time: Pillow releases the interpreter's lock while it decodes."""

    def __init__(self, threads: int, max_pixels: int) -> None:
        self._threads, self._max_pixels = threads, max_pixels
        self._pool = ThreadPoolExecutor(threads)

    def decode(self, uploads: Sequence[Upload], image_input: ImageInput) -> NDArray[np.uint8]:
        """uint8 [N,H,W,C]. Raises BadImage or ImageTooLarge that names the first bad upload."""
        shape = len(uploads), image_input.height, image_input.width, image_input.channels
        images = np.empty(shape, np.uint8)

        def decode_range(start: int, stop: int) -> InkpawError | None:
            """Returns the first error instead of raising it: gevent's thread pool would log a raised one."""
            try:
                for index in range(start, stop):
                    images[index] = self._decode_one(uploads[index], image_input)
            except InkpawError as error:
                return error
            return None

        if len(uploads) < _MIN_SHARED and sum(len(upload.data) for upload in uploads) < _MIN_THREADED:
            errors = [decode_range(0, len(uploads))]
        else:
            share = -(-len(uploads) // self._threads)
            starts = range(0, len(uploads), share)
            parts = [self._pool.submit(decode_range, start, min(start + share, len(uploads))) for start in starts]
            errors = [part.result() for part in parts]
        for error in errors:
            if error is not None:
                raise error
        return images

    def _decode_one(self, upload: Upload, image_input: ImageInput) -> NDArray[np.uint8]:
        try:
            return prepare(upload.data, image_input, self._max_pixels)
        except InkpawError as error:
            raise type(error)(f"{upload.title}: {error.message}") from None
