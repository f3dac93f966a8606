"""Training one classifier on several devices with tf.distribute: every device takes an equal part of each batch.

`mirrored` is every GPU of this machine; `multiworker` is the processes that TF_CONFIG names, on one machine or several.
Gradients are summed over all devices at each step, so the batch and the result are the same as on one device.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import tensorflow as tf

from training.errors import PeerLost, RecipeError
from training.input.pipeline import Shard

Kind = Literal["none", "mirrored", "multiworker"]
T = TypeVar("T")

_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.DeadlineExceededError)


def _sum_on_replica(value: tf.Tensor) -> tf.Tensor:
    return tf.distribute.get_replica_context().all_reduce("SUM", tf.identity(value))


_sum_function = tf.function(_sum_on_replica)


@dataclass(frozen=True)
class Team:
    """The devices that train one model. Only the chief writes files; without a strategy there is only the chief."""

    strategy: tf.distribute.Strategy | None = None
    chief: bool = True

    @property
    def devices(self) -> int:
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    def shard(self, context: tf.distribute.InputContext) -> Shard:
        """What the process of this context feeds to its own devices."""
        local = self.devices // context.num_input_pipelines
        first = context.input_pipeline_id * local
        return Shard(range(first, first + local), self.devices)

    def scope(self) -> AbstractContextManager[Any]:
        """The context in which a model has to be built and compiled."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def sum(self, value: float) -> float:
        """The sum of all devices' values. It is also a barrier: it returns once every worker has called it."""
        if self.strategy is None:
            return value
        sums = self.strategy.run(_sum_function, args=(tf.constant(float(value)),))
        return float(self.strategy.experimental_local_results(sums)[0])

    def chief_first(self, make: Callable[[bool], T]) -> T:
        """`make(is_chief)` on every worker, on the others after the chief, which may prepare files for them."""
        if self.chief:
            result = make(True)
            self.sum(0)
            return result
        self.sum(0)
        return make(False)

    def require_same(self, value: int) -> int:
        """The value, which must be the same on all workers. Raises RecipeError."""
        if self.sum(value) != value * self.devices:
            raise RecipeError("The workers do not see the same checkpoints: runs/ has to be one folder for all.")
        return value


ALONE = Team()


@contextmanager
def open_team(kind: Kind) -> Iterator[Team]:
    """The team of that kind. All workers leave the context together, after the chief has written everything.

    Raises PeerLost within seconds when a worker is lost, and after up to an hour when one never connects; RecipeError
    if TF_CONFIG is missing or invalid.
    """
    if kind == "none":
        yield ALONE
        return
    if kind == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        yield Team(tf.distribute.MirroredStrategy([device.name for device in devices]))
        return
    chief = _is_chief()
    try:
        team = Team(tf.distribute.MultiWorkerMirroredStrategy(), chief)
        yield team
        team.sum(0)
    except tf.errors.OpError as error:
        # other errors of a lost worker only say so in their text: "Collective ops", "collective"
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
