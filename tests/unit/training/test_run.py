from training.run import exhausted, turning_point


def _rows(*losses: float) -> list[dict[str, float]]:
    return [{"val_loss": loss} for loss in losses]


def test_overfitting_starts_after_the_lowest_validation_loss() -> None:
    assert turning_point(_rows(0.9, 0.5, 0.4, 0.45, 0.6)) == 3


def test_patience_ends_a_run_only_after_that_many_epochs_without_a_lower_loss() -> None:
    assert not exhausted(_rows(0.9, 0.5, 0.6), patience=2)
    assert exhausted(_rows(0.9, 0.5, 0.6, 0.7), patience=2)
    assert not exhausted(_rows(0.9, 0.5, 0.6, 0.4), patience=2)


def test_no_patience_asked_for_never_ends_a_run() -> None:
    assert not exhausted(_rows(0.1, *[0.5] * 50), patience=0)
    assert not exhausted([], patience=3)
