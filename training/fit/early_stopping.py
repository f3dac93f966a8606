"""Early stopping that survives an interruption: it uses the run's whole history, not what one process has seen."""

import keras

from training.run import Rows, find_turning_point


def should_stop(rows: Rows, patience: int) -> bool:
    """Whether `patience` epochs have passed without a lower validation loss; never with a patience of 0."""
    return bool(rows) and 0 < patience <= len(rows) - find_turning_point(rows)


class EarlyStopping(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends training after `patience` epochs without a lower validation loss; `rows` are the epochs already done."""

    def __init__(self, rows: Rows, patience: int) -> None:
        super().__init__()
        self._rows, self._patience = list(rows), patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._rows.append(dict(logs or {}))
        if should_stop(self._rows, self._patience):
            self.model.stop_training = True
