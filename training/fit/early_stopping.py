"""Early stopping that survives an interruption: it goes by the run's whole history, not by what one process saw."""

import keras

from training.run import Rows, exhausted


class Patience(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends training after `patience` epochs without a lower validation loss; `before` are the epochs already done."""

    def __init__(self, before: Rows, patience: int) -> None:
        super().__init__()
        self._rows, self._patience = list(before), patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._rows.append(dict(logs or {}))
        if exhausted(self._rows, self._patience):
            self.model.stop_training = True
