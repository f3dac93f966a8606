"""What a run's history, a row an epoch, says about when to stop."""

Rows = list[dict[str, float]]


def turning_point(rows: Rows) -> int:
    """The epoch, counted from 1, of the lowest validation loss: what comes after it overfits."""
    return min(range(len(rows)), key=lambda at: rows[at]["val_loss"]) + 1


def exhausted(rows: Rows, patience: int) -> bool:
    """Whether that many epochs have gone by without a lower validation loss; a patience of 0 never ends."""
    return bool(rows) and 0 < patience <= len(rows) - turning_point(rows)
