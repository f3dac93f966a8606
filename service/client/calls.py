"""The requests of the service's own API and how their answers are read; the clients only send them."""

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote

import httpx

from .errors import ConnectionFailed, ServiceError
from .results import Explanation, Model, Prediction, Samples

T = TypeVar("T")
RETRIED = frozenset({429, 502, 503, 504})  # statuses of a service that is busy or starting: to ask again may help

Version = int | str | None  # a number, or a label such as "stable"; None is the service's choice


class Wanted(TypedDict, total=False):
    """What to draw. None is the same as left out."""

    count: int | None
    seed: int | None  # of the first image; the others count up from it
    seeds: Sequence[int] | None  # instead of count and seed
    labels: Sequence[str | int] | str | int | None  # one for all, or one per image
    truncation: float | None  # over 0, at most 1: lower is more typical and less varied


class WantedWalk(TypedDict, total=False):
    """A walk from one seed to another. None is the same as left out."""

    start: int | None  # a seed; None lets the service choose
    end: int | None
    frames: int | None
    label: str | int | None
    truncation: float | None


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and what makes its result of a successful response."""

    method: str
    path: str
    parse: Callable[[httpx.Response], T]
    options: dict[str, Any] = field(default_factory=dict)  # of httpx: params, content, headers, json
    retried: frozenset[int] = RETRIED

    def read(self, response: httpx.Response) -> T:
        """Raises ServiceError, or ConnectionFailed if the answer is not one of Inkpaw's."""
        if response.status_code != 200:
            raise read_error(response)
        try:
            return self.parse(response)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise ConnectionFailed(f"What answers at {response.url} is not an Inkpaw service.") from None


def read_error(response: httpx.Response) -> ServiceError:
    """The service's sentence; a proxy's answer has only its status."""
    try:
        error = response.json()["error"]
        return ServiceError(str(error["message"]), response.status_code, str(error["code"]))
    except (ValueError, KeyError, TypeError):
        text = f"{response.url} answered {response.status_code} {response.reason_phrase}".rstrip()
        return ServiceError(f"{text}.", response.status_code)


def make_predict(
    model: str, images: Sequence[bytes], version: Version = None, top: int | None = None
) -> Call[list[Prediction]]:
    body, headers = _make_form(images)
    params = {} if top is None else {"top": str(top)}

    def parse(response: httpx.Response) -> list[Prediction]:
        answer = response.json()
        rows = answer["predictions"]
        if len(rows) != len(images):
            raise ValueError("not one row per image")
        return [_to_prediction(row, answer["model"], answer["version"]) for row in rows]

    retried = RETRIED - {504} if len(images) > 1 else RETRIED  # fewer images at a time may be answered in time
    return Call(
        "POST",
        _make_path("predict", model, version),
        parse,
        {"content": body, "headers": headers, "params": params},
        retried,
    )


def _make_form(images: Sequence[bytes]) -> tuple[bytes, dict[str, str]]:
    """A multipart body and its content type. httpx makes one in pieces, which takes several times as long."""
    boundary = token_hex(16)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="'
    parts: list[bytes] = []
    for index, data in enumerate(images):
        parts += [f'{head}{index}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode(), data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def _to_prediction(row: dict[str, Any], model: str, version: int) -> Prediction:
    score, warnings = row.get("outlier_score"), tuple(row.get("warnings", ()))
    return Prediction(row["label"], row["probability"], row["probabilities"], model, version, score, warnings)


def make_explain(model: str, image: bytes, version: Version = None, label: str | None = None) -> Call[Explanation]:
    def parse(response: httpx.Response) -> Explanation:
        answer = response.json()
        warnings = tuple(answer.get("warnings", ()))
        probability, values = answer["probability"], answer["map"]
        return Explanation(answer["label"], probability, values, answer["model"], answer["version"], warnings)

    return _make_explain(model, image, version, label, parse, "json")


def make_heat_map(model: str, image: bytes, version: Version = None, label: str | None = None) -> Call[bytes]:
    return _make_explain(model, image, version, label, lambda response: response.content, "png")


def _make_explain(
    model: str,
    image: bytes,
    version: Version,
    label: str | None,
    parse: Callable[[httpx.Response], T],
    answer_format: str,
) -> Call[T]:
    params = {"format": answer_format} | ({} if label is None else {"label": label})
    headers = {"Content-Type": "application/octet-stream"}
    options = {"content": image, "params": params, "headers": headers}
    return Call("POST", _make_path("explain", model, version), parse, options)


def make_walk(model: str, version: Version, wanted: WantedWalk, animation_format: str) -> Call[bytes]:
    names = {"start": "from", "end": "to"}
    given = {names.get(name, name): str(value) for name, value in wanted.items() if value is not None}
    path = f"{_make_path('generate', model, version)}/walk"
    return Call("GET", path, lambda response: response.content, {"params": given | {"format": animation_format}})


def make_generate(model: str, version: Version, wanted: Wanted) -> Call[Samples]:
    def parse(response: httpx.Response) -> Samples:
        answer = response.json()
        images = [b64decode(image["b64"]) for image in answer["images"]]
        return Samples(
            answer["model"], answer["version"], answer["seeds"], answer["labels"], answer["truncation"], images
        )

    return _make_generate(model, version, parse, wanted, "json")


def make_render(model: str, version: Version, wanted: Wanted, image_format: str) -> Call[bytes]:
    """The answer is a file in one of the service's formats."""
    return _make_generate(model, version, lambda response: response.content, wanted, image_format)


def _make_generate(
    model: str, version: Version, parse: Callable[[httpx.Response], T], wanted: Wanted, image_format: str
) -> Call[T]:
    given = {name: value for name, value in wanted.items() if value is not None}
    fields = {name: list(value) if isinstance(value, range | tuple) else value for name, value in given.items()}
    return Call("POST", _make_path("generate", model, version), parse, {"json": fields | {"format": image_format}})


def make_models() -> Call[list[Model]]:
    def parse(response: httpx.Response) -> list[Model]:
        models = response.json()["models"]
        return [Model(model["model"], model["version"], model["at"].split("/")[1]) for model in models]

    return Call("GET", "/", parse, {"headers": {"Accept": "application/json"}})


def _make_path(verb: str, model: str, version: Version) -> str:
    path = f"/{verb}/{quote(model, safe='')}"
    match version:
        case None:
            return path
        case int():
            return f"{path}/versions/{version}"
    return f"{path}/labels/{quote(version, safe='')}"
