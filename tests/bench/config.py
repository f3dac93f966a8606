"""What a measure is told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """How often and how long to measure, and folders of models: the shipped ones, and the small net as `digits`."""

    rounds: int
    seconds: float
    shipped: Path
    small: Path
