"""Training one classifier on several devices with tf.distribute: every device takes an equal part of each batch.

`mirrored` is every GPU of this machine; `multiworker` is the processes that TF_CONFIG names, on one machine or on many.
Gradients are summed over all of them at each step, so the batch, and with it the result, is that of a run alone.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import tensorflow as tf

from training.errors import PeerLost, RecipeError
from training.input import pipeline as feed

Kind = Literal["none", "mirrored", "multiworker"]
T = TypeVar("T")

_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.DeadlineExceededError)


def _sum_over_all(mine: tf.Tensor) -> tf.Tensor:
    return tf.distribute.get_replica_context().all_reduce("SUM", tf.identity(mine))


_add = tf.function(_sum_over_all)


@dataclass(frozen=True)
class Team:
    """The devices that train one model. The chief alone writes files; without a strategy there is only the chief."""

    strategy: tf.distribute.Strategy | None = None
    chief: bool = True

    @property
    def devices(self) -> int:
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    def share(self, context: tf.distribute.InputContext) -> feed.Share:
        """What a process with this context feeds to its own devices."""
        local = self.devices // context.num_input_pipelines
        first = context.input_pipeline_id * local
        return feed.Share(range(first, first + local), self.devices)

    def scope(self) -> AbstractContextManager[Any]:
        """Where a model has to be made and compiled."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def total(self, value: float) -> float:
        """The sum of what every device gives; nobody goes on before all have come."""
        if self.strategy is None:
            return value

        sums = self.strategy.run(_add, args=(tf.constant(float(value)),))
        return float(self.strategy.experimental_local_results(sums)[0])

    def chief_first(self, make: Callable[[bool], T]) -> T:
        """`make(is_chief)` of each worker, the others' after the chief's: it prepares what they then find."""
        if self.chief:
            made = make(True)
            self.total(0)
            return made
        self.total(0)
        return make(False)

    def agreed(self, value: int) -> int:
        """The value, which has to be every worker's. Raises RecipeError."""
        if self.total(value) != value * self.devices:
            raise RecipeError("The workers do not see the same checkpoints: runs/ has to be one folder for all.")
        return value


ALONE = Team()


@contextmanager
def team(kind: Kind) -> Iterator[Team]:
    """The team of that kind, which leaves together: nobody is gone before the chief has written everything.

    Raises PeerLost when a worker is lost (within seconds; who waits for a worker to come waits up to an hour), and
    RecipeError for a TF_CONFIG that is missing or makes no sense.
    """
    if kind == "none":
        yield ALONE
        return
    if kind == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        yield Team(tf.distribute.MirroredStrategy([each.name for each in devices]))
        return
    chief = _is_chief()
    try:
        found = Team(tf.distribute.MultiWorkerMirroredStrategy(), chief)
        yield found
        found.total(0)
    except tf.errors.OpError as error:
        if isinstance(error, _LOST) or "ollective" in error.message:
            raise PeerLost("A worker was lost. Start it and this one again: they go on from the last epoch.") from None
        raise


def _is_chief() -> bool:
    try:
        config = json.loads(os.environ.get("TF_CONFIG", ""))
        cluster, task = config["cluster"], config["task"]
        cluster[task["type"]][task["index"]]
    except (ValueError, LookupError, TypeError):
        example = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
        raise RecipeError(f"--distribute multiworker needs TF_CONFIG in the environment, as {example}.") from None
    return bool(task["type"] == "chief" or ("chief" not in cluster and task["index"] == 0))
