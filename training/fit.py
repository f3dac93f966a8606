"""Fitting a net: the part that is the same for every recipe. Interrupted, it goes on from the last whole epoch."""

import sys

import keras
import tensorflow as tf

from training import feed
from training.data import Dataset
from training.run import Run


class Checkpoint(keras.callbacks.Callback):
    """Saves weights, optimiser and epoch after each epoch, two kept; `restore` says how many epochs are done."""

    def __init__(self, model: keras.Model, run: Run) -> None:
        super().__init__()
        self._done = tf.Variable(0, dtype=tf.int64)
        everything = tf.train.Checkpoint(model=model, optimizer=model.optimizer, done=self._done)
        self._manager = tf.train.CheckpointManager(everything, str(run.checkpoints), max_to_keep=2)

    def restore(self) -> int:
        self.model_optimiser_built()
        self._manager.restore_or_initialize()
        return int(self._done)

    def model_optimiser_built(self) -> None:
        """Slots must exist before they can be restored."""
        model = self._manager.checkpoint.model
        model.optimizer.build(model.trainable_variables)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._done.assign(epoch + 1)
        self._manager.save()


def _best_so_far(run: Run, done: int) -> float | None:
    return max((row["val_accuracy"] for row in run.rows()[:done]), default=None)


def fit(model: keras.Model, data: Dataset, run: Run) -> None:
    """Train the compiled classifier to the recipe's last epoch; it ends with the weights of the best epoch.

    Best is highest accuracy on the validation split.
    """
    recipe = run.recipe
    checkpoint = Checkpoint(model, run)
    done = checkpoint.restore()
    if done < recipe.epochs:
        model.fit(
            feed.training(data, recipe, first_epoch=done),
            validation_data=feed.plain(data.validation, len(data.classes), 256),
            epochs=recipe.epochs,
            initial_epoch=done,
            steps_per_epoch=feed.steps(data, recipe),
            callbacks=[
                keras.callbacks.CSVLogger(str(run.history), append=True),
                keras.callbacks.TensorBoard(str(run.folder / "tensorboard"), write_graph=True),
                keras.callbacks.ModelCheckpoint(
                    str(run.best),
                    monitor="val_accuracy",
                    mode="max",
                    save_best_only=True,
                    save_weights_only=True,
                    initial_value_threshold=_best_so_far(run, done),
                ),
                checkpoint,
            ],
            verbose=1 if sys.stdout.isatty() else 2,
        )
    model.load_weights(str(run.best))
