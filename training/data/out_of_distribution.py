"""Pictures that a classifier does not know: the other model's test images, and the pictures of scikit-image.

Only the pictures inside scikit-image's wheel are used: photographs, drawings and textures, each one uncropped and
in quarters, and 200 small pictures of faces and of parts of backgrounds (`lfw_subset`).
"""

import importlib.resources
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice

import numpy as np
from PIL import Image

from service.errors import NoDigit
from service.images import digit, photo
from training.data import Dataset, load
from training.data.dataset import chunk_size
from training.recipes.data_schema import CatsDogsData, MnistData

# without chelsea.png, which shows a cat
_PICTURES = """
    astronaut.png brick.png camera.png cell.png chessboard_GRAY.png clock_motion.png coffee.png coins.png color.png
    grass.png gravel.png horse.png hubble_deep_field.jpg ihc.png logo.png moon.png motorcycle_left.png page.png
    phantom.png retina.jpg rocket.jpg text.png
"""


def scikit_image_pictures() -> Iterator[Image.Image]:
    """310 pictures, unprepared."""
    folder = importlib.resources.files("skimage.data")
    for name in _PICTURES.split():
        picture = Image.open(io.BytesIO(folder.joinpath(name).read_bytes())).convert("RGB")
        width, height = picture.width // 2, picture.height // 2
        yield picture
        for left, top in ((0, 0), (width, 0), (0, height), (width, height)):
            yield picture.crop((left, top, left + width, top + height))
    for face in np.load(io.BytesIO(folder.joinpath("lfw_subset.npy").read_bytes())):
        yield Image.fromarray((face * 255).astype(np.uint8))


def other_model_pictures(name: str) -> Iterator[Image.Image]:
    """1,000 test images of the data set of the other shipped classifier. Raises DataMissing."""
    split = load(MnistData(size=28) if name == "cats-dogs" else CatsDogsData(size=112)).test
    for image in split.images(slice(None, None, max(1, len(split) // 1000)))[:1000]:
        yield Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)


def prepare_chunks(pictures: Iterator[Image.Image], data: Dataset) -> Iterator[np.ndarray]:
    """uint8 [N,H,W,C], in chunks: the pictures, prepared like the images of that data set.

    Those in which the service finds no digit are left out, because no model sees them.
    """
    prepared = _prepare(pictures, digit if data.treatment == "digit" else photo, data)
    while chunk := list(islice(prepared, chunk_size(data.test.shape))):
        yield np.stack(chunk)


def _prepare(
    pictures: Iterator[Image.Image], transform: Callable[..., np.ndarray], data: Dataset
) -> Iterator[np.ndarray]:
    for picture in pictures:
        with suppress(NoDigit):
            yield transform(picture, *data.test.shape)
