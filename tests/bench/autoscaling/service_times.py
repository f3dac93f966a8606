"""The measured service times of one request and of one batch."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PATH = Path(__file__).with_name("service_times.json")
_ENOUGH = 1.1  # a batch stops growing where larger ones make a row at most a tenth cheaper, as the engine does


@dataclass(frozen=True)
class ServiceTimes:
    """Seconds of one core."""

    kind: str
    worker: float
    rows: tuple[int, ...]
    batch: tuple[float, ...]

    def get_batch_seconds(self, rows: int) -> float:
        return float(np.interp(rows, self.rows, self.batch))

    @property
    def largest_batch(self) -> int:
        cost = [seconds / rows for rows, seconds in zip(self.rows, self.batch, strict=True)]
        return next(rows for rows, each in zip(self.rows, cost, strict=True) if each <= _ENOUGH * min(cost))


def load_service_times(path: Path = PATH) -> list[ServiceTimes]:
    tables = json.loads(path.read_text())
    return [
        ServiceTimes(
            kind,
            table["worker_ms"] / 1000,
            tuple(int(rows) for rows in table["batch_ms"]),
            tuple(ms / 1000 for ms in table["batch_ms"].values()),
        )
        for kind, table in tables.items()
    ]
