from training.run import find_turning_point


def _rows(*losses: float) -> list[dict[str, float]]:
    return [{"val_loss": loss} for loss in losses]


def test_overfitting_starts_after_the_lowest_validation_loss() -> None:
    assert find_turning_point(_rows(0.9, 0.5, 0.4, 0.45, 0.6)) == 3
