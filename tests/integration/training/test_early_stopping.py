from pathlib import Path

import pytest

from training import pipeline as tasks
from training.recipes.loading import load_recipe

# so fast a learner overfits within a few epochs
HASTY = ["optimiser.name=adam", "optimiser.learning_rate=0.02", "batch_size=64", "epochs=40"]


def test_a_run_ends_when_its_patience_does_and_stays_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = load_recipe("digits8-cnn", [*HASTY, "patience=2"])
    rows = tasks.train(plan).rows()
    assert 3 <= len(rows) < 40
    lowest = min(range(len(rows)), key=lambda at: rows[at]["val_loss"])
    assert len(rows) - 1 - lowest == 2
    assert tasks.train(plan).rows() == rows
