"""The bodies that the measures send, and how they are packed."""

import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.images import ImageInput, prepare
from tests.bench.report import ROOT

SAMPLES = Path(os.environ.get("DATA_DIR") or ROOT.parent / "shared/data") / "samples"


@dataclass(frozen=True)
class Ask:
    """One request: where to, what, and as what. Without a body it is a GET."""

    path: str
    body: bytes = b""
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"


def digit() -> NDArray:
    """A seven in MNIST's form, uint8 [28,28]: like the peers, the service has only to decode it."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6:9, 7:21] = 240
    for step in range(14):
        pixels[8 + step, 18 - step // 2 : 21 - step // 2] = 240
    return prepare(_encoded(Image.fromarray(pixels), "PNG"), ImageInput(28, 28, 1, "digit"))[..., 0]


def digit_png(side: int = 28) -> bytes:
    """The seven as a grey PNG, `side` pixels wide and high."""
    return _encoded(Image.fromarray(digit()).resize((side, side)), "PNG")


def photo_jpeg(side: int) -> bytes:
    """A square JPEG with soft shapes and some grain, about as many bytes a pixel as a photograph has."""
    draw = np.random.default_rng(0)
    shapes = Image.fromarray(draw.integers(0, 255, (12, 12, 3), np.uint8)).resize((side, side))
    grain = draw.normal(0, 6, (side, side, 1))
    return _encoded(Image.fromarray(np.clip(np.asarray(shapes) + grain, 0, 255).astype(np.uint8)), "JPEG")


def photos(count: int) -> list[bytes]:
    """Photographs of cats and dogs; fewer, or none, where the samples are not."""
    return [path.read_bytes() for path in sorted(SAMPLES.rglob("*.jpg"))[:count]]


def one(model: str, image: bytes = b"") -> Ask:
    """One image as the body; a digit if none is given."""
    return Ask(f"/predict/{model}", image or digit_png(), "image/png")


def many(model: str, images: list[bytes]) -> Ask:
    """Images as the files of one form."""
    head = b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    body = b"".join(head + image + b"\r\n" for image in images) + b"--X--\r\n"
    return Ask(f"/predict/{model}", body, "multipart/form-data; boundary=X")


def tensor(model: str, images: NDArray) -> Ask:
    """uint8 [N,H,W,C] as a binary tensor of the Open Inference Protocol; the probabilities are to come back as one."""
    described = {
        "name": "images",
        "shape": list(images.shape),
        "datatype": "UINT8",
        "parameters": {"binary_data_size": images.nbytes},
    }
    wanted = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": [described], "outputs": wanted}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return Ask(f"/v2/models/{model}/infer", head + images.tobytes(), headers=headers)


def samples(count: int) -> Ask:
    """So many generated digits as npy, from seeds that differ each time."""
    return Ask(f"/generate/digits-gan?count={count}&format=npy")


def _encoded(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()
