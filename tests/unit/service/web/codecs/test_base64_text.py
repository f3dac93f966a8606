"""Base64 in every form that clients send, and the reason where it is none."""

from base64 import b64encode, encodebytes, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.codecs import base64_text
from service.web.codecs.base64_text import decode_base64

DATA = bytes(range(256)) * 2


@given(st.binary(max_size=200))
def test_every_form_is_decoded(data: bytes) -> None:
    strict, safe = b64encode(data).decode(), urlsafe_b64encode(data).decode()
    for text in (strict, safe, strict.rstrip("="), safe.rstrip("="), encodebytes(data).decode(), f" {strict}\r\n"):
        assert decode_base64(text) == data


@given(st.binary(max_size=40), st.integers(1, 9))
def test_large_text_is_decoded_in_pieces(data: bytes, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base64_text, "_PIECE", piece)
        assert decode_base64(urlsafe_b64encode(data).decode()) == data
        assert decode_base64(encodebytes(data).decode()) == data
        with pytest.raises(ValueError, match="not base64"):
            decode_base64(b64encode(data).decode() + "!")


@pytest.mark.parametrize("head", ["data:image/png;base64", "data:;base64", "DATA:image/jpeg;charset=x;BASE64"])
def test_data_urls_are_decoded(head: str) -> None:
    assert decode_base64(f"{head},{b64encode(DATA).decode()}") == DATA


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data:image/png,%89PNG", "data: URL without base64"),
        ("data:", "data: URL without base64"),
        ("https://example.org/cat.png", "not base64"),
        ("a", "not base64"),
        ("aGk=aGk=", "not base64"),
        ("aG!k", "not base64"),
        ("é", "not base64"),
        ("a\0Gk", "not base64"),
    ],
)
def test_other_texts_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_base64(text)
