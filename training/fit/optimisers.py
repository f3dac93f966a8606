"""The optimiser and the learning rate schedule of a recipe."""

from typing import Any

import keras

from training.fit.muon import Muon
from training.recipes.schema import Optimiser


class TrapezoidSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Linear warmup, constant, then linear to 0 over the last quarter of `steps` (Hu et al. 2024, MiniCPM).

    Before the last quarter, a run does not depend on its length, so its length can still be changed.
    """

    def __init__(self, top: float, warmup: int, steps: int) -> None:
        self._top, self._warmup, self._steps = top, warmup, steps

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        up, down = (step + 1) / max(1, self._warmup), (self._steps - step) / max(1.0, self._steps / 4)
        return self._top * keras.ops.clip(keras.ops.minimum(up, down), 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        return {"top": self._top, "warmup": self._warmup, "steps": self._steps}


def _learning_rate(
    config: Optimiser, steps: int, epochs: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if config.schedule == "constant":
        return config.learning_rate
    warmup = round(config.warmup_epochs * steps)
    if config.schedule == "trapezoid":
        return TrapezoidSchedule(config.learning_rate, warmup, epochs * steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, epochs * steps - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )


def build_optimiser(config: Optimiser, steps: int, epochs: int) -> keras.optimizers.Optimizer:
    """`steps` per epoch and `epochs` give the length of the schedule."""
    rate = _learning_rate(config, steps, epochs)
    beta = {"beta_1": config.momentum} if config.momentum else {}
    match config.name:
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=config.momentum, nesterov=config.nesterov)
        case "adagrad":
            return keras.optimizers.Adagrad(rate)
        case "rmsprop":
            return keras.optimizers.RMSprop(rate, momentum=config.momentum)
        case "adam":
            return keras.optimizers.Adam(rate, **beta)
        case "muon":
            optimiser = Muon(rate, weight_decay=config.weight_decay, adam_weight_decay=config.weight_decay)
        case "adamw":
            optimiser = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, **beta)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimiser
