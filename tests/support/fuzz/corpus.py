"""Good requests of every format and protocol, to be mutated: for the models `tiny`, a classifier, and `blot`, a GAN."""

import gzip
import io
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, features

from tests.support.hostile_images import save
from tests.support.pictures import make_digit_png


class Seed(NamedTuple):
    """A request; `kind` says how it is mutated, and which others it is spliced with."""

    kind: str
    path: str
    body: bytes
    headers: dict[str, str]


def make_seeds() -> list[Seed]:
    images = [Seed("image", "/predict/tiny", data, {}) for data in _make_images()]
    prepared = [seed._replace(path="/prepare/tiny") for seed in images[::5]]
    compressed = [
        Seed("gzip", "/predict/tiny", gzip.compress(seed.body), {"Content-Encoding": "gzip"}) for seed in images[::7]
    ]
    return [*images, *prepared, *compressed, *_make_json(), *_make_tensors(), *_make_multipart(), *_make_heads()]


def _make_images() -> Iterator[bytes]:
    grey = Image.open(io.BytesIO(make_digit_png())).convert("L").resize((64, 48))
    colour = Image.merge(
        "RGB", [grey, grey.transpose(Image.Transpose.ROTATE_180), grey.point(lambda value: value // 2)]
    )
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield save(colour.convert("L").convert(mode) if mode == "I;16" else colour.convert(mode), "PNG")
    yield save(colour, "PNG", dpi=(72, 72), optimize=True)
    for mode in ("L", "RGB", "CMYK"):
        yield save(colour.convert(mode), "JPEG", quality=80)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield save(colour, "JPEG", progressive=True, exif=exif)
    yield save(colour, "WEBP")
    yield save(colour.convert("RGBA"), "WEBP", lossless=True)
    yield save(colour, "WEBP", save_all=True, append_images=[grey.convert("RGB")])
    yield save(colour.convert("P"), "GIF", save_all=True, append_images=[grey.convert("P")])
    yield save(colour, "PNG", save_all=True, append_images=[colour.transpose(Image.Transpose.ROTATE_180)])
    for mode in ("1", "L", "P", "RGB"):
        yield save(colour.convert(mode), "BMP")
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits"):
        yield save(colour, "TIFF", compression=compression)
    yield save(colour.convert("1"), "TIFF", compression="group4")
    yield from (save(colour.convert(mode), "PPM") for mode in ("1", "L", "RGB"))
    yield b"P3 2 2 255 1 2 3 4 5 6 7 8 9 10 11 12 "
    yield save(colour, "ICO", sizes=[(16, 16), (32, 32)])
    if features.check("jpg_2000"):
        yield save(colour, "JPEG2000")
        yield save(grey, "JPEG2000", tile_size=(16, 16), num_resolutions=2, irreversible=True)
    if features.check("avif"):
        yield save(colour, "AVIF", quality=50)


def _make_json() -> Iterator[Seed]:
    text = b64encode(make_digit_png()).decode()
    pixels = np.zeros((1, 28, 28, 1), int).tolist()
    tensor = {"name": "images", "shape": [1, 28, 28, 1], "datatype": "UINT8", "data": pixels}
    encoded = {"name": "images", "shape": [2], "datatype": "BYTES", "data": [text, text]}
    noise = [
        {"name": "seeds", "shape": [2], "datatype": "INT64", "data": [1, 2]},
        {"name": "labels", "shape": [2], "datatype": "INT32", "data": [7, -1]},
        {"name": "truncation", "shape": [2], "datatype": "FP32", "data": [0.5, 1.0]},
    ]
    bodies: list[tuple[str, Any]] = [
        ("/predict/tiny", {"instances": [{"b64": text}]}),
        ("/v1/models/tiny:predict", {"instances": [{"b64": text}, {"b64": text}]}),
        ("/v1/models/tiny:predict", {"instances": pixels}),
        ("/v1/models/tiny:predict", {"signature_name": "serving_default", "inputs": {"images": pixels}}),
        ("/v1/models/blot:predict", {"instances": [{"seeds": 1, "labels": 7, "truncation": 0.5}]}),
        ("/v2/models/tiny/infer", {"id": "a", "inputs": [tensor], "outputs": [{"name": "probabilities"}]}),
        ("/v2/models/tiny/infer", {"inputs": [encoded], "parameters": {"binary_data_output": True}}),
        ("/v2/models/blot/infer", {"inputs": noise}),
        ("/v2/repository/index", {"ready": True}),
        ("/generate/blot", {"count": 2, "seed": 3, "labels": "7", "truncation": 0.5, "format": "json"}),
        ("/generate/blot", {"seeds": [3, 4], "labels": ["7", "any"], "format": "grid"}),
    ]
    for path, body in bodies:
        yield Seed("json", path, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _make_tensors() -> Iterator[Seed]:
    """The binary extension of the Open Inference Protocol."""
    pixels = np.arange(2 * 28 * 28).astype(np.uint8).tobytes()
    picture = make_digit_png()
    packed = len(picture).to_bytes(4, "little") + picture
    for shape, datatype, data in (([2, 28, 28, 1], "UINT8", pixels), ([1], "BYTES", packed)):
        tensor = {"name": "images", "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": len(data)}}
        outputs = [{"name": "probabilities", "parameters": {"binary_data": True}}]
        head = json.dumps({"inputs": [tensor], "outputs": outputs}).encode()
        headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
        yield Seed("tensor", "/v2/models/tiny/infer", head + data, headers)


def _make_multipart() -> Iterator[Seed]:
    for count in (1, 3):
        parts = [
            b'--edge\r\nContent-Disposition: form-data; name="file"; filename="%d.png"\r\n'
            b"Content-Type: image/png\r\n\r\n%b\r\n" % (number, make_digit_png())
            for number in range(count)
        ]
        body = b"".join(parts) + b"--edge--\r\n"
        yield Seed("multipart", "/predict/tiny", body, {"Content-Type": "multipart/form-data; boundary=edge"})


def _make_heads() -> Iterator[Seed]:
    """Whole requests, as they go over the wire."""
    picture = make_digit_png()
    heads = [
        b"POST /predict/tiny?top=3 HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
        % len(picture)
        + picture,
        b"POST /predict/tiny HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
        % (len(picture), picture),
        b"GET /generate/blot?count=2&seed=3&label=7&truncation=0.5&format=json HTTP/1.1\r\nHost: a\r\n"
        b'If-None-Match: "x"\r\nAccept: */*;q=0.5\r\n\r\n',
        b"GET /v1/models/tiny/versions/1/metadata HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"OPTIONS /v2/models/tiny/infer HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n\r\n",
        b"GET / HTTP/1.0\r\nAccept: text/html\r\nX-Request-Id: a\r\n"
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ]
    yield from (Seed("head", "", head, {}) for head in heads)
