"""Saving a run after each epoch, and going on from there."""

from typing import Any

import keras
import tensorflow as tf

from training.run import Run


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Everything tracked, and the count of epochs done; the last two are kept. Optimisers must be built before."""

    def __init__(self, run: Run, **tracked: Any) -> None:
        super().__init__()
        self._run = run
        self._done = tf.Variable(0, dtype=tf.int64)
        everything = tf.train.Checkpoint(done=self._done, draws=_draws(tracked), **tracked)
        self._manager = tf.train.CheckpointManager(everything, str(run.checkpoints), max_to_keep=2)

    def restore(self) -> int:
        """Bring back the newest checkpoint, if there is one, and the history as it was; how many epochs are done."""
        self._manager.restore_or_initialize()
        done = int(self._done)
        self._run.cut_history(done)
        return done

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._done.assign(epoch + 1)
        self._manager.save()


def _draws(tracked: dict[str, Any]) -> list[tf.Variable]:
    """How far each dropout has come in its random numbers: Keras does not save that with the model."""
    models = [each for each in tracked.values() if isinstance(each, keras.Model)]
    states = [
        variable for model in models for variable in model.variables if variable.path.endswith("_generator_state")
    ]
    return [state.value for state in states]
