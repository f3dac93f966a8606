"""Saves a run after each epoch, so that it can be resumed."""

from typing import Any

import keras
import tensorflow as tf

from training.run import Run


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves `tracked` and the number of epochs done; the last two checkpoints are kept.

    Build the optimisers before creating it: their variables must exist.
    """

    def __init__(self, run: Run, **tracked: Any) -> None:
        super().__init__()
        self._run = run
        self._epochs_done = tf.Variable(0, dtype=tf.int64)
        everything = tf.train.Checkpoint(done=self._epochs_done, draws=_dropout_states(tracked), **tracked)
        self._manager = tf.train.CheckpointManager(everything, str(run.checkpoints), max_to_keep=2)

    def restore(self) -> int:
        """Restores the newest checkpoint, if there is one, and cuts the history to it. Returns the epochs done."""
        self._manager.restore_or_initialize()
        epochs_done = int(self._epochs_done)
        self._run.cut_history(epochs_done)
        return epochs_done

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._epochs_done.assign(epoch + 1)
        self._manager.save()


def _dropout_states(tracked: dict[str, Any]) -> list[tf.Variable]:
    """The random state of every dropout layer, which Keras does not save with the model."""
    models = [value for value in tracked.values() if isinstance(value, keras.Model)]
    states = [
        variable for model in models for variable in model.variables if variable.path.endswith("_generator_state")
    ]
    return [state.value for state in states]
