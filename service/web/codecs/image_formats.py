"""Generated images as people ask for them: one PNG, a grid, a zip, a numpy array or JSON."""

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
FORMATS = {
    "png": "image/png",
    "grid": "image/png",
    "zip": "application/zip",
    "npy": "application/x-npy",
    "json": "application/json",
}


def encode(images: NDArray[np.uint8], form: str, facts: dict[str, object], names: Sequence[str]) -> bytes:
    """uint8 [N,H,W,C] in that form; `names` are the files' in a zip, `facts` go into JSON beside the images."""
    match form:
        case "png":
            return _png(images[0])
        case "grid":
            return _png(_grid(images))
        case "zip":
            return _zip(images, names)
        case "npy":
            return _npy(images)
    encoded = [{"b64": b64encode(_png(image)).decode()} for image in images]
    return msgspec.json.encode({**facts, "images": encoded})


def _png(image: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(out, "PNG")
    return out.getvalue()


def _grid(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Row by row, as near to a square as the count allows; what is left over stays black."""
    count, height, width, channels = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels), np.uint8)
    for at, image in enumerate(images):
        top, left = at // columns * (height + GAP), at % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet


def _zip(images: NDArray[np.uint8], names: Sequence[str]) -> bytes:
    """Stored, not deflated, and with a fixed date: the same images are the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for image, name in zip(images, names, strict=True):
            archive.writestr(zipfile.ZipInfo(f"{name}.png"), _png(image))
    return out.getvalue()


def _npy(images: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    np.save(out, images)
    return out.getvalue()
