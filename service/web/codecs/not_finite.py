"""NaN and infinities, which JSON has no numbers for.

Python, JavaScript and TensorFlow Serving write bare words: `[NaN, -Infinity]`. A parser of JSON refuses them, so they
are made texts before it reads the body, in the spelling of protobuf's JSON mapping: `["NaN", "-Infinity"]`.
"""

import gevent

from service.web.body import give_turn

NAMES = ("NaN", "Infinity", "-Infinity")

_MAX_QUOTES = 1 << 19  # more than a tensor of strings needs
_PIECE = 1 << 20  # bytes of what is between two texts
_TEXTS_PER_TURN = 1000  # after which the worker's other requests get a turn


def name_value(value: float) -> str:
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def quote_words(body: bytes) -> bytes:
    """The JSON with bare NaN, Infinity and -Infinity as texts; what is in texts already is left as it is.

    Nothing is replaced beside very many texts: the parser then refuses the words.
    """
    if not _holds_word(body) or body.count(b'"') > _MAX_QUOTES:
        return body
    marks = _hide_escapes(body)  # every quote in it begins or ends a text
    result = bytearray()
    start = texts = 0
    while start < len(body):
        text = marks.find(b'"', start)
        text = len(body) if text < 0 else text
        while start < text:
            comma = body.find(b",", start + _PIECE, text)  # a piece must not end within a word
            end = text if comma < 0 else comma
            result += _quote_words(body[start:end])
            start = end
            if start < text:
                gevent.sleep(0)
        start = marks.find(b'"', text + 1) + 1 or len(body)
        result += body[text:start]
        texts += 1
        if texts % _TEXTS_PER_TURN == 0:
            gevent.sleep(0)
    return bytes(result)


def _holds_word(body: bytes) -> bool:
    for word in NAMES[:2]:
        give_turn(len(body))
        if word.encode() in body:
            return True
    return False


def _hide_escapes(body: bytes) -> bytes:
    """As long as the body, without escaped quotes. A regular expression would take seconds for many escapes."""
    if b"\\" not in body:
        return body
    return body.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")


def _quote_words(numbers: bytes) -> bytes:
    quoted = numbers.replace(b"NaN", b'"NaN"').replace(b"Infinity", b'"Infinity"')
    return quoted.replace(b'-"Infinity"', b'"-Infinity"')
