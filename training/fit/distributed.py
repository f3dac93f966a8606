"""The training loop for several devices in step: one batch at a time, one sum of gradients, the same weights on all."""

from typing import Any

import keras
import tensorflow as tf

from training.data import Dataset
from training.errors import RecipeError
from training.fit.strategy import Team
from training.input.pipeline import eval_batches, steps_per_epoch, training_batches
from training.recipes.schema import Recipe


def fit_distributed(
    model: keras.Model,
    data: Dataset,
    recipe: Recipe,
    team: Team,
    first_epoch: int,
    callbacks: list[keras.callbacks.Callback],
    verbose: int,
) -> None:
    """Does what `model.fit` does, for a model compiled under the team's strategy: Keras 3 cannot fit on many workers.

    The callbacks of every worker get the same metrics. Raises RecipeError if the batch does not divide into equal
    parts.
    """
    if recipe.batch_size % team.devices:
        raise RecipeError(f"A batch of {recipe.batch_size} has no equal parts for {team.devices} devices.")
    strategy, steps = model.distribute_strategy, steps_per_epoch(data, recipe)
    _build_metrics(model, data)
    train_step, test_step, average_statistics = _compile_steps(model, strategy)
    callback_list = keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose > 0,
        model=model,
        epochs=recipe.epochs,
        steps=steps,
        verbose=verbose,
    )

    def training_shard(context: tf.distribute.InputContext) -> tf.data.Dataset:
        return training_batches(data, recipe, first_epoch, team.shard(context))

    def validation_shard(context: tf.distribute.InputContext) -> tf.data.Dataset:
        return eval_batches(data.validation, len(data.classes), recipe.batch_size, team.shard(context))

    batches = iter(strategy.distribute_datasets_from_function(training_shard))
    validation = strategy.distribute_datasets_from_function(validation_shard)
    model.stop_training = False
    callback_list.on_train_begin()
    for epoch in range(first_epoch, recipe.epochs):
        model.reset_metrics()
        callback_list.on_epoch_begin(epoch)
        for step in range(steps):
            callback_list.on_train_batch_begin(step)
            train_step(batches)
            callback_list.on_train_batch_end(step)
        average_statistics()
        logs = _read_metrics(model)
        model.reset_metrics()
        callback_list.on_test_begin()
        for batch in validation:
            test_step(batch)
        callback_list.on_test_end()
        logs |= {f"val_{name}": value for name, value in _read_metrics(model).items()}
        callback_list.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callback_list.on_train_end()


def _build_metrics(model: keras.Model, data: Dataset) -> None:
    """Creates the metrics' variables now: by default they are created at the first batch, in the middle of a step."""
    with model.distribute_strategy.scope():
        model._symbolic_build(
            data_batch=(keras.KerasTensor((1, *model.input_shape[1:])), keras.KerasTensor((1, len(data.classes))))
        )


def _read_metrics(model: keras.Model) -> dict[str, float]:
    """Over all devices."""
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _compile_steps(model: keras.Model, strategy: tf.distribute.Strategy) -> tuple[Any, Any, Any]:
    """(train on the next batch of an iterator, test a batch, average the BatchNorm statistics over the devices)"""

    def train_step(batches: Any) -> None:
        strategy.run(model.train_step, args=(next(batches),))

    def test_step(batch: Any) -> None:
        strategy.run(model.test_step, args=(batch,))

    statistics = [weight for weight in model.non_trainable_weights if weight.dtype.startswith("float")]

    def average_on_replica() -> None:
        context = tf.distribute.get_replica_context()
        for weight in statistics:
            weight.assign(context.all_reduce("MEAN", tf.identity(weight.value)))

    def average_statistics() -> None:
        if statistics:
            strategy.run(average_on_replica)

    return (
        tf.function(train_step, reduce_retracing=True),
        tf.function(test_step, reduce_retracing=True),
        tf.function(average_statistics),
    )
