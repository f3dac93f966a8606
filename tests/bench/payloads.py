"""The requests that the benchmarks send, and the images in them."""

import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.images import ImageInput, prepare
from tests.bench.config import ROOT

SAMPLES = Path(os.environ.get("DATA_DIR") or ROOT.parent / "shared/data") / "samples"


@dataclass(frozen=True)
class Request:
    """A GET without a body, a POST with one."""

    path: str
    body: bytes = b""
    content_type: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"


def draw_digit() -> NDArray:
    """A seven in MNIST's form, uint8 [28,28], so that the service only has to decode it, like the peers."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6:9, 7:21] = 240
    for step in range(14):
        pixels[8 + step, 18 - step // 2 : 21 - step // 2] = 240
    return prepare(_encode_image(Image.fromarray(pixels), "PNG"), ImageInput(28, 28, 1, "digit"))[..., 0]


def make_digit_png(side: int = 28) -> bytes:
    """The seven as a grey PNG, `side` pixels wide and high."""
    return _encode_image(Image.fromarray(draw_digit()).resize((side, side)), "PNG")


def make_photo_jpeg(side: int) -> bytes:
    """A square JPEG of soft shapes and some grain, with about as many bytes per pixel as a photograph."""
    generator = np.random.default_rng(0)
    shapes = Image.fromarray(generator.integers(0, 255, (12, 12, 3), np.uint8)).resize((side, side))
    grain = generator.normal(0, 6, (side, side, 1))
    return _encode_image(Image.fromarray(np.clip(np.asarray(shapes) + grain, 0, 255).astype(np.uint8)), "JPEG")


def make_paper_jpeg(side: int) -> bytes:
    """The seven in dark ink on light paper, in uneven light and with some grain, as a square JPEG in colour."""
    inner = side // 3
    ink = Image.new("L", (side, side))
    ink.paste(Image.fromarray(draw_digit()).resize((inner, inner)), (inner, inner))
    light = np.linspace(1, 0.75, side) * np.linspace(1, 0.8, side)[:, None]
    grey = (230 - 0.7 * np.asarray(ink)) * light + np.random.default_rng(0).normal(0, 5, (side, side))
    pixels = np.clip(grey[..., None] * (1, 0.98, 0.93), 0, 255).astype(np.uint8)
    return _encode_image(Image.fromarray(pixels), "JPEG")


def load_photos(count: int) -> list[bytes]:
    """At most `count` photographs of cats and dogs; none where the sample data is missing."""
    return [path.read_bytes() for path in sorted(SAMPLES.rglob("*.jpg"))[:count]]


def make_image_request(model: str, image: bytes = b"") -> Request:
    """The image as the body, a digit by default."""
    return Request(f"/predict/{model}", image or make_digit_png(), "image/png")


def make_form_request(model: str, images: list[bytes]) -> Request:
    """The images as files of one multipart form."""
    head = b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    body = b"".join(head + image + b"\r\n" for image in images) + b"--X--\r\n"
    return Request(f"/predict/{model}", body, "multipart/form-data; boundary=X")


def make_tensor_request(model: str, images: NDArray) -> Request:
    """uint8 [N,H,W,C] as a binary tensor of the Open Inference Protocol. The answer is also binary."""
    tensor = {
        "name": "images",
        "shape": list(images.shape),
        "datatype": "UINT8",
        "parameters": {"binary_data_size": images.nbytes},
    }
    outputs = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": [tensor], "outputs": outputs}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return Request(f"/v2/models/{model}/infer", head + images.tobytes(), headers=headers)


def make_generate_request(count: int) -> Request:
    """`count` generated digits as npy, from seeds that differ each time."""
    return Request(f"/generate/digits-gan?count={count}&format=npy")


def _encode_image(image: Image.Image, image_format: str) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format)
    return out.getvalue()
