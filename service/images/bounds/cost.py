"""The cost of one picture."""

from typing import NamedTuple


class Cost(NamedTuple):
    """`parts` is what the picture is made of beside its pixels, as in '100 scans'; empty where it is only pixels."""

    width: int
    height: int
    nanoseconds: float
    parts: str = ""

    def describe(self) -> str:
        return f"{self.width} x {self.height} pixels" + (f" in {self.parts}" if self.parts else "")
