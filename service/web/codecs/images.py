"""Uploads brought to a net's form: small pictures at once, all others by threads, within a time and a budget."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import gevent
import numpy as np
from numpy.typing import NDArray

from service.client_socket import ClientSocket
from service.errors import DeadlineExceeded
from service.images import LARGE_PIXELS, ImageInput, estimate_cost
from service.web.budget import Budget, Share
from service.web.codecs.decode_job import DecodeJob, prepare_upload
from service.web.codecs.lane import Lane, Patience, Task
from service.web.codecs.uploads import Upload

_MIN_SHARED = 8  # images; fewer are decoded sooner by one thread than shared out
_MIN_THREADED = 1 << 12  # bytes; decoding as many holds up the worker's other requests, so a thread does it


class Images(NamedTuple):
    """`pixels` uint8 [N,H,W,C]; `warnings` are by the index of the image."""

    pixels: NDArray[np.uint8]
    warnings: Mapping[int, tuple[str, ...]]

    @property
    def truncated(self) -> list[int]:
        """The indices of JPEGs that lack their last bytes."""
        return sorted(index for index, warnings in self.warnings.items() if "truncated" in warnings)


class ImageDecoder:
    """Decodes the images of a request, several at a time: Pillow releases the interpreter's lock while it decodes.

    Large pictures are decoded one at a time, so that they take the memory of one, and not all threads from the others.
    """

    def __init__(self, threads: int, max_pixels: int, budget: Budget) -> None:
        self.budget = budget
        self._threads, self._max_pixels = threads, max_pixels
        self._lane, self._large_lane = Lane(threads), Lane(1)

    def decode(
        self,
        uploads: Sequence[Upload],
        image_input: ImageInput,
        deadline: float,
        client: ClientSocket | None = None,
    ) -> Images:
        """The images in the order sent; JPEGs may lack their last bytes.

        Raises BadImage, ImageTooLarge or NoDigit that names the first bad upload, Overloaded, DeadlineExceeded and
        ClientDisconnected.
        """
        if time.monotonic() > deadline:
            raise DeadlineExceeded("The request's time was up before its images were decoded.")
        if len(uploads) == 1 and len(uploads[0].data) < _MIN_THREADED and estimate_cost(uploads[0].data).is_quick:
            # a digit, as in most requests: a job would cost it a fifth more
            pixels, warnings = prepare_upload(uploads[0], image_input, self._max_pixels)
            return Images(pixels[np.newaxis], {0: warnings} if warnings else {})
        return self._decode_several(DecodeJob(uploads, image_input, self._max_pixels), deadline, client)

    def _decode_several(self, job: DecodeJob, deadline: float, client: ClientSocket | None) -> Images:
        costs = job.estimate()
        if len(costs) < _MIN_SHARED and job.size < _MIN_THREADED and all(cost.is_quick for cost in costs):
            job.run(range(len(costs)))
        else:
            pixels = [self._max_pixels if cost.pixels is None else cost.pixels for cost in costs]
            self._decode_in_threads(job, pixels, Patience(deadline, client))
        job.raise_refusal()
        return Images(job.pixels, job.warnings)

    def _decode_in_threads(self, job: DecodeJob, pixels: Sequence[int], patience: Patience) -> None:
        """`pixels` of each image. Raises Overloaded, DeadlineExceeded, ClientDisconnected."""
        share = self.budget.open_share()
        share.take(sum(pixels))
        tasks: list[Task] = []
        try:
            for lane, indices in self._split(pixels):
                tasks.append(lane.start(job.run, indices, patience))
            for task in tasks:
                patience.wait(task.wait)
                task.raise_error()
        finally:
            job.is_given_up = True
            if all(task.is_done for task in tasks):
                share.release()
            else:  # the thread that decodes an image cannot be stopped: until it is done, its pixels are in use
                share.keep(sum(pixels[index] for index in job.running))
                gevent.spawn(_release_when_done, share, tasks)

    def _split(self, pixels: Sequence[int]) -> Iterator[tuple[Lane, Sequence[int]]]:
        """Each large image alone; the others in order, in as many parts as there are threads."""
        small = [index for index, count in enumerate(pixels) if count <= LARGE_PIXELS]
        part = -(-len(small) // self._threads)
        yield from ((self._lane, small[start : start + part]) for start in range(0, len(small), part or 1))
        yield from ((self._large_lane, [index]) for index, count in enumerate(pixels) if count > LARGE_PIXELS)


def _release_when_done(share: Share, tasks: Sequence[Task]) -> None:
    for task in tasks:
        task.wait()
    share.release()
