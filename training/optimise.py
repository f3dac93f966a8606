"""The optimiser that a recipe asks for."""

import keras

from training.recipe import Optimiser


def _rate(how: Optimiser, steps: int, epochs: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if how.schedule == "constant":
        return how.learning_rate
    warmup = round(how.warmup_epochs * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else how.learning_rate,
        decay_steps=max(1, epochs * steps - warmup),
        warmup_target=how.learning_rate if warmup else None,
        warmup_steps=warmup,
    )


def optimiser(how: Optimiser, steps: int, epochs: int) -> keras.optimizers.Optimizer:
    """`steps` in an epoch and `epochs` give the length of the schedule."""
    rate = _rate(how, steps, epochs)
    beta = {"beta_1": how.momentum} if how.momentum else {}
    match how.name:
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=how.momentum, nesterov=how.nesterov)
        case "adagrad":
            return keras.optimizers.Adagrad(rate)
        case "rmsprop":
            return keras.optimizers.RMSprop(rate, momentum=how.momentum)
        case "adam":
            return keras.optimizers.Adam(rate, **beta)
    chosen = keras.optimizers.AdamW(rate, weight_decay=how.weight_decay, **beta)
    chosen.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return chosen
