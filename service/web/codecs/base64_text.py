"""Base64 as clients write it: with line breaks, in the URL-safe alphabet, without padding, or in a `data:` URL.

Callers let msgspec decode the strict form first, which is quicker.
"""

import binascii

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_WHITESPACE = b" \t\r\n"


def decode_base64(text: str) -> bytes:
    """Raises ValueError that says what is wrong with the text."""
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            raise ValueError("it is a data: URL without base64; send data:image/png;base64,...")
    try:
        encoded = text.encode("ascii").translate(_FROM_URL_SAFE, _WHITESPACE).rstrip(b"=")
        if encoded.translate(None, _ALPHABET):
            raise ValueError
        return binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4))
    except ValueError:
        raise ValueError("it is not base64") from None
