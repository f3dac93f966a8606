"""Base64 as clients write it: with line breaks, in the URL-safe alphabet, without padding, or in a `data:` URL.

Callers let msgspec decode the strict form first, which is quicker.
"""

import binascii

import gevent

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_WHITESPACE = b" \t\r\n"
_PIECE = 1 << 20  # characters; a few milliseconds of work


def decode_base64(text: str) -> bytes:
    """Raises ValueError that says what is wrong with the text."""
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            raise ValueError("it is a data: URL without base64; send data:image/png;base64,...")
    try:
        return _decode(text.encode("ascii").rstrip(b"=" + _WHITESPACE))
    except ValueError:
        raise ValueError("it is not base64") from None


def _decode(text: bytes) -> bytes:
    """Without padding. After each piece of a large text the worker's other requests get a turn."""
    result, rest = bytearray(), b""
    for start in range(0, len(text), _PIECE):
        if start:
            gevent.sleep(0)
        encoded = rest + text[start : start + _PIECE].translate(_FROM_URL_SAFE, _WHITESPACE)
        if encoded.translate(None, _ALPHABET):
            raise ValueError
        end = len(encoded) // 4 * 4
        result += binascii.a2b_base64(encoded[:end])
        rest = encoded[end:]
    result += binascii.a2b_base64(rest + b"=" * (-len(rest) % 4))
    return bytes(result)
