"""The same recipe gives exactly the same weights on one CPU, interrupted or not."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from training import pipeline as tasks
from training.fit.checkpoint import Checkpoint
from training.recipes.loading import load_recipe
from training.run import Run

OVERRIDES = [
    "epochs=3",
    "net.widths=[8]",
    "net.dense=[16]",
    "net.dropout=0.3",
    "net.batch_norm=before",
    "batch_size=64",
]
RANDOM = ["augment={rotation = 10.0, shift = 0.05, mixup = 0.5}", "ema=0.9", "sam_rho=0.5"]


class Interrupted(Exception):
    """Simulates the end of the process."""


def _train(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    return tasks.train(load_recipe("digits8-cnn", OVERRIDES + RANDOM))


def _weights(run: Run) -> list[np.ndarray]:
    weights: list[np.ndarray] = []
    with h5py.File(run.folder.absolute() / "best.weights.h5") as file:
        file.visititems(lambda _, item: weights.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return weights


def _interrupt_in_second_epoch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = Checkpoint.on_epoch_end

    def interrupt(self: Checkpoint, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch == 1:  # the epoch is already in the history, but has no checkpoint
            raise Interrupted
        save(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "on_epoch_end", interrupt)
        with pytest.raises(Interrupted):
            _train(folder, patch)


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = _train(tmp_path / "straight", monkeypatch)
    weights, rows = _weights(uninterrupted), uninterrupted.load_history()
    _interrupt_in_second_epoch(tmp_path / "resumed", monkeypatch)
    resumed = _train(tmp_path / "resumed", monkeypatch)
    assert resumed.load_history() == rows and len(rows) == 3
    assert len(weights) > 4
    assert all((one == other).all() for one, other in zip(weights, _weights(resumed), strict=True))


def test_with_weight_averages_the_last_epoch_is_exported_not_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = _weights(_train(tmp_path / "straight", monkeypatch))
    _interrupt_in_second_epoch(tmp_path / "resumed", monkeypatch)
    history = tmp_path / "resumed/runs/digits8-cnn/history.csv"
    head, row, *rest = history.read_text().splitlines()
    best = [
        ("1.0" if name == "val_accuracy" else value)
        for name, value in zip(head.split(","), row.split(","), strict=True)
    ]
    history.write_text("\n".join([head, ",".join(best), *rest]) + "\n")
    resumed = _weights(_train(tmp_path / "resumed", monkeypatch))
    assert all((one == other).all() for one, other in zip(last, resumed, strict=True))
