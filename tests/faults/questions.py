"""Requests whose right answer is known: each carries bytes of its own, which the model `echo` answers with."""

import base64
import json
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

SIDE, CLASSES = 28, 10
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
_TOLERANCE = 2e-6  # answers of the native API are rounded to six digits
_MAX_ROWS = 5

Codes = Sequence[Sequence[int]]  # per image its first ten pixels


@dataclass(frozen=True)
class Question:
    """A POST to `path`; `is_right` tells whether the body of a 200 is its answer, and not that of another request."""

    path: str
    body: bytes
    headers: dict[str, str]
    is_right: Callable[[bytes], bool]


def make_question(dice: random.Random) -> Question:
    """One image or a few, in one of the protocols' forms."""
    codes = [[dice.randrange(256) for _ in range(CLASSES)] for _ in range(dice.choice((1, 1, 1, _MAX_ROWS)))]
    return dice.choice(_FORMS)(codes)


def draw_pixels(code: Sequence[int]) -> np.ndarray:
    """uint8 [28,28,1]: black but for the code at the start of its first row."""
    pixels = np.zeros((SIDE, SIDE, 1), np.uint8)
    pixels[0, : len(code), 0] = code
    return pixels


def encode_png(code: Sequence[int]) -> bytes:
    """The same as a PNG; written here, because Pillow would take most of the time of the load."""
    rows = bytearray((SIDE + 1) * SIDE)
    rows[1 : 1 + len(code)] = bytes(code)
    chunks = ((b"IHDR", _HEADER), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _ask_raw(codes: Codes) -> Question:
    return Question("/predict/echo", encode_png(codes[0]), {"Content-Type": "image/png"}, _native(codes[:1]))


def _ask_form(codes: Codes) -> Question:
    head = b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    body = b"".join(head + encode_png(code) + b"\r\n" for code in codes) + b"--X--\r\n"
    return Question("/predict/echo", body, {"Content-Type": "multipart/form-data; boundary=X"}, _native(codes))


def _ask_instances(codes: Codes) -> Question:
    body = json.dumps({"instances": [{"b64": _to_base64(code)} for code in codes]}).encode()
    return Question("/predict/echo", body, {"Content-Type": "application/json"}, _native(codes))


def _ask_v1(codes: Codes) -> Question:
    instances = [{"b64": _to_base64(code)} for code in codes]
    return _make_v1(instances, codes)


def _ask_v1_numbers(codes: Codes) -> Question:
    return _make_v1([draw_pixels(code).tolist() for code in codes], codes)


def _make_v1(instances: Sequence[object], codes: Codes) -> Question:
    body = json.dumps({"instances": instances}).encode()
    path = "/v1/models/echo:predict"
    return Question(path, body, {"Content-Type": "application/json"}, _check_json("predictions", codes))


def _ask_v2(codes: Codes) -> Question:
    tensor = {"name": "images", "shape": [len(codes), SIDE, SIDE, 1], "datatype": "UINT8"}
    tensor["data"] = np.stack([draw_pixels(code) for code in codes]).ravel().tolist()
    body = json.dumps({"inputs": [tensor]}).encode()
    path = "/v2/models/echo/infer"
    return Question(path, body, {"Content-Type": "application/json"}, _check_json("outputs", codes))


def _ask_v2_binary(codes: Codes) -> Question:
    data = np.stack([draw_pixels(code) for code in codes]).tobytes()
    tensor = {"name": "images", "shape": [len(codes), SIDE, SIDE, 1], "datatype": "UINT8"}
    tensor["parameters"] = {"binary_data_size": len(data)}
    outputs = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": [tensor], "outputs": outputs}).encode()
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    wanted = _expect(codes).astype(np.float32)

    def is_right(body: bytes) -> bool:
        got = np.frombuffer(body[-wanted.nbytes :], np.float32)
        return len(body) > wanted.nbytes and bool(np.allclose(got, wanted.ravel(), atol=_TOLERANCE))

    return Question("/v2/models/echo/infer", head + data, headers, is_right)


_FORMS = (_ask_raw, _ask_raw, _ask_form, _ask_instances, _ask_v1, _ask_v1_numbers, _ask_v2, _ask_v2_binary)


def _to_base64(code: Sequence[int]) -> str:
    return base64.b64encode(encode_png(code)).decode()


def _expect(codes: Codes) -> np.ndarray:
    return np.asarray(codes, np.float64) / 255


def _native(codes: Codes) -> Callable[[bytes], bool]:
    return _check_json("native", codes)


def _check_json(form: str, codes: Codes) -> Callable[[bytes], bool]:
    wanted = _expect(codes)

    def is_right(body: bytes) -> bool:
        reply = json.loads(body)
        if form == "native":
            rows = [[row["probabilities"][str(label)] for label in range(CLASSES)] for row in reply["predictions"]]
        elif form == "predictions":
            rows = reply["predictions"]
        else:
            rows = np.reshape(reply["outputs"][0]["data"], (-1, CLASSES)).tolist()
        return len(rows) == len(codes) and bool(np.allclose(rows, wanted, atol=_TOLERANCE))

    return is_right
