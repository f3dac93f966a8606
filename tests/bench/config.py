"""What a benchmark gets as its input, and where its output goes."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUT = ROOT / "bench"


@dataclass(frozen=True)
class Config:
    """Rounds per figure, seconds per round, and two folders of models. The small net is the model `digits`."""

    rounds: int
    seconds: float
    shipped_models: Path
    small_net_models: Path
