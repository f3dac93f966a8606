from pathlib import Path

import pytest

from training import pipeline
from training.recipes.loading import load_recipe

# at this learning rate the net overfits within a few epochs
FAST = ["optimiser.name=adam", "optimiser.learning_rate=0.02", "batch_size=64", "epochs=40"]


def test_a_run_stops_after_its_patience_and_is_not_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = load_recipe("digits8-cnn", [*FAST, "patience=2"])
    rows = pipeline.train(recipe).load_history()
    assert 3 <= len(rows) < 40
    lowest = min(range(len(rows)), key=lambda epoch: rows[epoch]["val_loss"])
    assert len(rows) - 1 - lowest == 2
    assert pipeline.train(recipe).load_history() == rows
