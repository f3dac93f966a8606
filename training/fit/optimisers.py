"""The optimiser that a recipe asks for."""

from typing import Any

import keras

from training.fit.muon import Muon
from training.recipes.schema import Optimiser


class Trapezoid(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Up in `warmup` steps, constant, and down to nothing over the last quarter of `steps` (Hu et al. 2024, MiniCPM).

    Until the last quarter begins, a run does not depend on its length, so it can be made longer or shorter.
    """

    def __init__(self, top: float, warmup: int, steps: int) -> None:
        self._top, self._warmup, self._steps = top, warmup, steps

    def __call__(self, step: Any) -> Any:
        at = keras.ops.cast(step, "float32")
        up, down = (at + 1) / max(1, self._warmup), (self._steps - at) / max(1.0, self._steps / 4)
        return self._top * keras.ops.clip(keras.ops.minimum(up, down), 0.0, 1.0)

    def get_config(self) -> dict[str, float]:
        return {"top": self._top, "warmup": self._warmup, "steps": self._steps}


def _rate(how: Optimiser, steps: int, epochs: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if how.schedule == "constant":
        return how.learning_rate
    warmup = round(how.warmup_epochs * steps)
    if how.schedule == "trapezoid":
        return Trapezoid(how.learning_rate, warmup, epochs * steps)
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
    if how.name == "muon":
        chosen = Muon(rate, weight_decay=how.weight_decay, adam_weight_decay=how.weight_decay)
    else:
        chosen = keras.optimizers.AdamW(rate, weight_decay=how.weight_decay, **beta)
    chosen.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return chosen
