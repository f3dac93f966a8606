from training.fit.early_stopping import should_stop


def _rows(*losses: float) -> list[dict[str, float]]:
    return [{"val_loss": loss} for loss in losses]


def test_a_run_stops_after_patience_epochs_without_a_lower_loss() -> None:
    assert not should_stop(_rows(0.9, 0.5, 0.6), patience=2)
    assert should_stop(_rows(0.9, 0.5, 0.6, 0.7), patience=2)
    assert not should_stop(_rows(0.9, 0.5, 0.6, 0.4), patience=2)


def test_patience_zero_never_stops_a_run() -> None:
    assert not should_stop(_rows(0.1, *[0.5] * 50), patience=0)
    assert not should_stop([], patience=3)
