"""Generated images in the formats that clients ask for: one PNG, a grid, a zip, a numpy array or JSON."""

import io
import math
import zipfile
from base64 import b64encode
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

GAP = 2  # pixels between the images of a grid
MEDIA_TYPES = {
    "png": "image/png",
    "grid": "image/png",
    "zip": "application/zip",
    "npy": "application/x-npy",
    "json": "application/json",
}


def encode_images(
    images: NDArray[np.uint8], image_format: str, facts: dict[str, object], file_names: Sequence[str]
) -> bytes:
    """uint8 [N,H,W,C] in one of MEDIA_TYPES. `file_names` are for a zip; `facts` go into JSON beside the images."""
    match image_format:
        case "png":
            return _to_png(images[0])
        case "grid":
            return _to_png(_to_grid(images))
        case "zip":
            return _to_zip(images, file_names)
        case "npy":
            return _to_npy(images)
    encoded = [{"b64": b64encode(_to_png(image)).decode()} for image in images]
    return msgspec.json.encode({**facts, "images": encoded})


def _to_png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(file, "PNG")
    return file.getvalue()


def _to_grid(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Row by row, as near to a square as the count allows; unused cells stay black."""
    count, height, width, channels = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    grid = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels), np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (height + GAP), index % columns * (width + GAP)
        grid[top : top + height, left : left + width] = image
    return grid


def _to_zip(images: NDArray[np.uint8], file_names: Sequence[str]) -> bytes:
    """Stored, not deflated, and with a fixed date: the same images give the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for image, name in zip(images, file_names, strict=True):
            archive.writestr(zipfile.ZipInfo(f"{name}.png"), _to_png(image))
    return file.getvalue()


def _to_npy(images: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    np.save(file, images)
    return file.getvalue()
