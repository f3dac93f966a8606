"""JSON that has more elements than a model's inputs is refused before it is parsed."""

from types import SimpleNamespace
from typing import Any

import pytest

from service.catalog import Signature, TensorSpec, Version
from service.errors import RequestTooLarge
from service.web import inputs
from service.web.inputs import check_json_size

REQUEST: Any = SimpleNamespace(context=SimpleNamespace(settings=SimpleNamespace(max_images=3)))
PAIRS = TensorSpec("x", "float32", (-1, 2))  # 6 elements at most
FREE = TensorSpec("x", "float32", (-1, -1))
RANKLESS = TensorSpec("x", "float32", None)
TEXTS = TensorSpec("s", "string", (-1,))


@pytest.fixture(autouse=True)
def spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_SPARE_COMMAS", 4)
    monkeypatch.setattr(inputs, "_SPARE_QUOTES", 4)
    monkeypatch.setattr(inputs, "MAX_ELEMENTS", 2)  # of texts, and so 8 quotes


def make_version(*specs: TensorSpec, batched: bool = True, **others: Signature) -> Version:
    return Version(1, "AVAILABLE", "", None, {"serving_default": Signature(specs, (), batched), **others})


@pytest.mark.parametrize(
    ("version", "body", "reason"),
    [
        (make_version(PAIRS), b"," * 11, "more elements"),
        (make_version(PAIRS, PAIRS), b"," * 17, "more elements"),
        (make_version(TensorSpec("x", "int64", ()), batched=False), b"," * 6, "more elements"),
        (make_version(PAIRS), b'"' * 17, "more texts"),
        (make_version(TEXTS), b'"' * 13, "more texts"),
        (make_version(PAIRS, TEXTS), b'"' * 25, "more texts"),
    ],
)
def test_json_beyond_the_inputs_is_refused(version: Version, body: bytes, reason: str) -> None:
    with pytest.raises(RequestTooLarge, match=f"{reason} than the inputs of the model can have"):
        check_json_size(REQUEST, version, body)


@pytest.mark.parametrize(
    ("version", "body"),
    [
        (make_version(PAIRS), b"," * 10),
        (make_version(PAIRS), b'"' * 16),
        (make_version(PAIRS, other=Signature((PAIRS, PAIRS))), b"," * 16),
        (make_version(PAIRS, other=Signature((FREE,))), b"," * 999),
        (make_version(FREE), b'",' * 999),
        (make_version(RANKLESS), b'",' * 999),
        (make_version(PAIRS, batched=False), b'",' * 999),
        (make_version(TEXTS), b"," * 999),
        (make_version(TEXTS), b'\\"' * 999),
        (make_version(), b","),
        (Version(1, "AVAILABLE"), b"," * 999),
    ],
)
def test_what_an_input_may_have_is_let_through(version: Version, body: bytes) -> None:
    check_json_size(REQUEST, version, body)
