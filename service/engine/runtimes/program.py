"""What every runtime offers: the signatures of a version in memory, and calls that run them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from service.catalog import Signature

Call = Callable[..., list[Any]]
TimeRun = Callable[[int], float]


class Program(Protocol):
    """A version in memory, in one runtime, with the signatures that it runs."""

    @property
    def runtime(self) -> str:
        """Its name, as INKPAW_RUNTIME has it."""

    @property
    def signatures(self) -> Mapping[str, Signature]: ...

    def get_call(self, name: str) -> Call:
        """Runs a signature: takes its inputs in their order, and returns its outputs in theirs.

        Several threads may call it at once. On a CPU a run takes the thread that calls it, and no other.
        """

    def select_sizes(self, name: str, sizes: tuple[int, ...], time_run: TimeRun) -> tuple[int, ...]:
        """Those of the batch sizes, ascending, that are worth it for a signature, run at least once in each.

        `time_run` gives the seconds of a run of so many rows.
        """

    def read_examples(self) -> Iterable[tuple[str, Mapping[str, NDArray]]]:
        """Inputs to warm it with, each after the name of its signature, which is empty for the default one."""

    def is_invalid_input(self, error: Exception) -> bool:
        """Whether the model itself refused the inputs of a run as an invalid argument."""

    def is_out_of_memory(self, error: Exception) -> bool:
        """Whether the device had too little memory for a run."""

    def close(self) -> None:
        """Frees its memory. No call runs any more."""
