"""The callbacks that every run has: logs, and the best weights."""

import sys

import keras

from training.run import Run


def build_loggers(run: Run) -> list[keras.callbacks.Callback]:
    """One row per epoch in history.csv, and everything for TensorBoard."""
    return [
        keras.callbacks.CSVLogger(str(run.history), append=True),
        keras.callbacks.TensorBoard(str(run.folder / "tensorboard"), write_graph=True),
    ]


def verbosity() -> int:
    """Keras's `verbose`: a progress bar in a terminal, one line per epoch in a file."""
    return 1 if sys.stdout.isatty() else 2


def build_best_checkpoint(run: Run, epochs_done: int) -> keras.callbacks.Callback:
    """Saves the weights of the epoch with the best validation accuracy, also over an interruption.

    Of averaged weights it saves the last: they differ so little between epochs that the best one is chance.
    """
    return keras.callbacks.ModelCheckpoint(
        str(run.best_weights),
        monitor="val_accuracy",
        mode="max",
        save_best_only=not run.recipe.ema,
        save_weights_only=True,
        initial_value_threshold=max((row["val_accuracy"] for row in run.load_history()[:epochs_done]), default=None),
    )
