"""The loop of training on many devices, in step: a batch each, one sum of gradients, the same weights everywhere."""

from typing import Any

import keras
import tensorflow as tf

from training.data import Dataset
from training.errors import RecipeError
from training.fit.strategy import Team
from training.input.pipeline import eval_batches, steps_per_epoch, training_batches
from training.recipes.schema import Recipe


def fit(
    model: keras.Model,
    data: Dataset,
    recipe: Recipe,
    team: Team,
    first_epoch: int,
    callbacks: list[keras.callbacks.Callback],
    verbose: int,
) -> None:
    """What `model.fit` does, for a model compiled under the team's strategy: Keras's own cannot run on many workers.

    The same figures reach the callbacks of every worker. Raises RecipeError if the batch has no equal parts.
    """
    if recipe.batch_size % team.devices:
        raise RecipeError(f"A batch of {recipe.batch_size} has no equal parts for {team.devices} devices.")
    strategy, steps = model.distribute_strategy, steps_per_epoch(data, recipe)
    _build(model, data)
    train, test, agree = _steps(model, strategy)
    followers = keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose > 0,
        model=model,
        epochs=recipe.epochs,
        steps=steps,
        verbose=verbose,
    )

    def batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
        return training_batches(data, recipe, first_epoch, team.share(context))

    def held_out(context: tf.distribute.InputContext) -> tf.data.Dataset:
        return eval_batches(data.validation, len(data.classes), recipe.batch_size, team.share(context))

    stream = iter(strategy.distribute_datasets_from_function(batches))
    validation = strategy.distribute_datasets_from_function(held_out)
    model.stop_training = False
    followers.on_train_begin()
    for epoch in range(first_epoch, recipe.epochs):
        model.reset_metrics()
        followers.on_epoch_begin(epoch)
        for step in range(steps):
            followers.on_train_batch_begin(step)
            train(stream)
            followers.on_train_batch_end(step)
        agree()
        figures = _figures(model)
        model.reset_metrics()
        followers.on_test_begin()
        for batch in validation:
            test(batch)
        followers.on_test_end()
        figures |= {f"val_{name}": value for name, value in _figures(model).items()}
        followers.on_epoch_end(epoch, figures)
        if model.stop_training:
            break
    followers.on_train_end()


def _build(model: keras.Model, data: Dataset) -> None:
    """Metrics make their variables when they first see a batch, which must not be in the middle of a step."""
    with model.distribute_strategy.scope():
        model._symbolic_build(
            data_batch=(keras.KerasTensor((1, *model.input_shape[1:])), keras.KerasTensor((1, len(data.classes))))
        )


def _figures(model: keras.Model) -> dict[str, float]:
    """Over all devices."""
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _steps(model: keras.Model, strategy: tf.distribute.Strategy) -> tuple[Any, Any, Any]:
    """(train on the next of an iterator, test a batch, agree on the averages that batch norms keep a device)"""

    def train(stream: Any) -> None:
        strategy.run(model.train_step, args=(next(stream),))

    def test(batch: Any) -> None:
        strategy.run(model.test_step, args=(batch,))

    kept = [weight for weight in model.non_trainable_weights if weight.dtype.startswith("float")]

    def mean_of_all() -> None:
        context = tf.distribute.get_replica_context()
        for weight in kept:
            weight.assign(context.all_reduce("MEAN", tf.identity(weight.value)))

    def agree() -> None:
        if kept:
            strategy.run(mean_of_all)

    return tf.function(train, reduce_retracing=True), tf.function(test, reduce_retracing=True), tf.function(agree)
