"""LiteRT: runs the LiteRT form of a version on a CPU. Whoever imports this module imports LiteRT."""

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from service.catalog import Signature
from service.engine.batch_sizes import select_batch_sizes
from service.engine.runtimes.program import Call, TimeRun
from service.errors import BadRequest
from service.litert import LITERT_PATH
from service.litert.runner import Runner, list_signatures, read_form

_BATCH_SECONDS = 0.0001  # what the engine spends on a batch beside its run
_LEAST_GAIN = 0.05  # of the cost per row, for which a batch may be twice as large
_LARGEST = 8  # rows: beyond, a row costs hardly less, and every thread needs memory for the batch

_Key = tuple[str, int]  # a signature, and the rows of its batches; 0 for any number


class LiteRtProgram:
    """Runners of a LiteRT form, one for each signature, batch size and thread that runs batches.

    Threads take a runner and put it back, so no two ever use the same one.
    """

    runtime = "litert"

    def __init__(self, version_dir: Path, definitions: Mapping[str, Signature], threads: int) -> None:
        """`definitions` are the signatures of the SavedModel. Those that the form lacks are left out.

        Raises ValueError for a broken form, BadRequest for one that was made from another SavedModel, OSError.
        """
        self._content = read_form(version_dir)
        self._threads = threads
        self._idle: defaultdict[_Key, deque[Runner]] = defaultdict(deque)
        names = list_signatures(self._content)
        self.signatures = {name: definition for name, definition in definitions.items() if name in names}
        for name, definition in self.signatures.items():
            self._check(name, definition)

    def _check(self, name: str, definition: Signature) -> None:
        runner = Runner(self._content, name)
        wanted = {spec.name for spec in definition.inputs}, {spec.name for spec in definition.outputs}
        if (runner.inputs, runner.outputs) != wanted:
            raise BadRequest(f"Signature '{name}' of {LITERT_PATH} has other inputs or outputs than the SavedModel.")
        self._idle[name, 0].append(runner)

    def get_call(self, name: str) -> Call:
        signature = self.signatures[name]
        inputs, outputs = ([spec.name for spec in specs] for specs in (signature.inputs, signature.outputs))

        def call(*arrays: NDArray) -> list[Any]:
            rows = len(arrays[0]) if signature.batched else 0
            key = (name, rows) if (name, rows) in self._idle else (name, 0)
            idle = self._idle[key]
            try:
                runner = idle.pop()
            except IndexError:
                runner = Runner(self._content, name)
            results = runner.run(dict(zip(inputs, arrays, strict=True)))
            idle.append(runner)  # one whose run failed is not used again
            return [results[output] for output in outputs]

        return call

    def select_sizes(self, name: str, sizes: tuple[int, ...], time_run: TimeRun) -> tuple[int, ...]:
        """Sizes are tried from the smallest on, until a larger one gains too little: a row costs about the same in
        every batch, and each size takes memory."""
        seconds: dict[int, float] = {}
        cost = math.inf  # per row, of the last size
        for size in [size for size in sizes if size <= _LARGEST] or sizes[:1]:
            seconds[size] = time_run(size) + _BATCH_SECONDS
            last, cost = cost, seconds[size] / size
            if cost > (1 - _LEAST_GAIN) * last:
                break
        selected = select_batch_sizes(seconds)
        self._idle.pop((name, 0), None)  # gone already where a first try failed to open the others
        for size in selected:
            self._idle[name, size].extend(self._open(name, size) for _ in range(self._threads))
        return selected

    def _open(self, name: str, rows: int) -> Runner:
        runner = Runner(self._content, name)
        runner.warm_up(rows)
        return runner

    def read_examples(self) -> Iterator[tuple[str, dict[str, NDArray]]]:
        """None: zeros run in every form."""
        return iter(())

    def is_invalid_input(self, error: Exception) -> bool:
        return False  # no form takes strings, the only inputs that a model may refuse

    def is_out_of_memory(self, error: Exception) -> bool:
        return isinstance(error, MemoryError)

    def close(self) -> None:
        self._idle.clear()
