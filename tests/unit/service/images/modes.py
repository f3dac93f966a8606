"""Random images in every mode of Pillow."""

import numpy as np
from PIL import Image

MODES = ["1", "L", "P", "I", "F", "I;16", "I;16B", "RGB", "RGBX", "CMYK", "YCbCr", "HSV"]
MODES += ["LA", "La", "PA", "RGBA", "RGBa"]
_INTERMEDIATE_MODES = {"1": "L", "I": "L", "F": "L", "PA": "P", "La": "LA", "RGBa": "RGBA"}


def make_picture(mode: str, width: int, height: int) -> Image.Image:
    random = np.random.default_rng(width * 1000 + height)
    if mode.startswith("I;16"):
        values = random.integers(0, 65536, (height, width)).astype(np.uint16)
        return Image.frombytes(mode, (width, height), values.tobytes())
    rgba = Image.fromarray(random.integers(0, 256, (height, width, 4), np.uint8))
    return rgba.convert(_INTERMEDIATE_MODES.get(mode, "RGB")).convert(mode)
