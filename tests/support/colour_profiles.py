"""Small ICC profiles, written as the specification has them."""

import struct

_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))  # X, Y, Z of red, green, blue
_WHITE = (0.9642, 1.0, 0.8249)


def make_p3(name: str = "Display P3") -> bytes:
    """Display P3, with a gamma of 2.2."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256))
    tags = {b"desc": _describe(name), b"wtpt": _make_xyz(_WHITE)}
    for colour, values in zip("rgb", _P3, strict=True):
        tags |= {f"{colour}XYZ".encode(): _make_xyz(values), f"{colour}TRC".encode(): curve}
    return _make_profile(b"mntr", b"RGB ", b"XYZ ", tags)


def make_cmyk() -> bytes:
    """Printing inks of which the first, cyan, is red, and the others are nothing."""
    paper, red = bytes([255, 128, 128]), bytes([136, 208, 195])  # L*a*b* in eight bits
    straight = bytes(range(256))
    table = b"".join(red if index & 8 else paper for index in range(16))
    identity = struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + straight * 4 + table + straight * 3
    return _make_profile(
        b"prtr", b"CMYK", b"Lab ", {b"desc": _describe("inks"), b"wtpt": _make_xyz(_WHITE), b"A2B0": lut}
    )


def _describe(name: str) -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name.encode() + bytes(79)


def _make_xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _make_profile(kind: bytes, colours: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += struct.pack(">4sII", name, start + len(body), len(value))
        body += padded
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s12s4s", size, bytes(4), 0x02400000, kind, colours, connection, bytes(12), b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3i", *(round(value * 65536) for value in _WHITE))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
