"""NaN and infinities as bare words in JSON."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.codecs import not_finite
from service.web.codecs.not_finite import quote_words

TEXTS = st.text(st.sampled_from('aN"\\,Infinity -[]{}é'), max_size=12) | st.sampled_from(["NaN", "-Infinity"])
VALUES = st.recursive(
    TEXTS | st.floats() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)


def name_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: name_floats(element) for key, element in value.items()}
    if isinstance(value, list):
        return [name_floats(element) for element in value]
    return not_finite.name_value(value) if isinstance(value, float) and not math.isfinite(value) else value


@given(VALUES, st.booleans(), st.integers(1, 40))
def test_words_become_texts_and_nothing_else_changes(value: Any, ascii_only: bool, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(not_finite, "_PIECE", piece)
        quoted = quote_words(json.dumps(value, ensure_ascii=ascii_only).encode())
    assert msgspec.json.decode(quoted) == name_floats(value)


def test_body_without_such_words_is_the_same_object() -> None:
    body = b'{"instances": [1, 2]}'
    assert quote_words(body) is body


@pytest.mark.parametrize("body", [b'"NaN', b"NaN", b'["', b'"a\\', b'NaN"\\"'])
def test_what_is_no_json_stays_none(body: bytes) -> None:
    assert len(quote_words(body)) >= len(body)


def test_number_of_texts_is_limited() -> None:
    body = b"[" + b'"",' * 300_000 + b"NaN]"
    assert quote_words(body) is body


@pytest.mark.parametrize("text", ['"\\\\"', r'"\\\"NaN"', r'"NaN\u005c"', r'"\"NaN\""'])
def test_escapes_do_not_end_a_text(text: str) -> None:
    assert quote_words(f"[{text},NaN]".encode()) == f'[{text},"NaN"]'.encode()
