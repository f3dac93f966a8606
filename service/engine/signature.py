"""One signature of a version in memory: checks inputs, and runs batches of the sizes that it was warmed for."""

import time
from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.catalog import Signature, TensorSpec
from service.engine.runtimes.program import Program
from service.engine.signature_def import NUMPY_DTYPES
from service.errors import BadRequest, InkpawError

_WARMUP_SECONDS = 0.003  # per batch size, so that a small net is timed more than twice
_MAX_EXAMPLES = 8  # that are tried, if none of them runs

Arrays = Mapping[str, NDArray]


class RowsError(InkpawError):
    """An output has another number of rows than the batch, so nobody knows whose they are."""


class LoadedSignature:
    """`run` may be called by several threads at once.

    `sizes` are the numbers of rows that a batch may have: powers of two, up to where a row gets no cheaper. A signature
    that is not batched has the one size 1: a whole request.
    """

    def __init__(self, program: Program, name: str, sizes: tuple[int, ...]) -> None:
        """The signature of that name; `sizes` are those that are allowed."""
        signature = program.signatures[name]
        self.inputs, self.outputs = signature.inputs, signature.outputs
        self._method_name = signature.method_name
        self.batched = signature.batched
        self.sizes = sizes if self.batched else (1,)
        self._program, self._name, self._call = program, name, program.get_call(name)
        self._names = {spec.name for spec in self.inputs}
        self._takes_strings = any(spec.dtype == "string" for spec in self.inputs)

    def describe(self) -> Signature:
        return Signature(self.inputs, self.outputs, self.batched, self._method_name)

    def run(self, inputs: Arrays) -> dict[str, NDArray]:
        """Outputs by name for inputs whose first dimension is one of `sizes`.

        Raises BadRequest for strings that the model refuses, and what the runtime raises.
        """
        try:
            outputs = self._call(*(inputs[spec.name] for spec in self.inputs))
        except Exception as error:
            # for example bytes that are no JPEG: only the model can tell
            if self._takes_strings and self._program.is_invalid_input(error):
                raise BadRequest("The model refuses these strings as an invalid argument.") from error
            raise
        if not self.batched:
            outputs = [_to_array(output) for output in outputs]
        else:
            rows = len(inputs[self.inputs[0].name])
            if any(len(output) != rows for output in outputs):
                raise RowsError("The model's outputs do not have one row for each row of its inputs.")
        return {spec.name: output for spec, output in zip(self.outputs, outputs, strict=True)}

    def size_for(self, rows: int) -> int:
        """The smallest warmed size that holds that many rows."""
        return next(size for size in self.sizes if size >= rows)

    def check(self, inputs: Arrays) -> int:
        """The number of rows; 1 if it is not batched. Raises BadRequest if the inputs do not fit the signature."""
        if set(inputs) != self._names:
            raise BadRequest(f"The inputs must be {', '.join(spec.name for spec in self.inputs)}.")
        rows = {array.shape[0] if array.ndim else 0 for array in inputs.values()} if self.batched else {1}
        if len(rows) != 1 or 0 in rows:
            raise BadRequest("The inputs must have the same first dimension, at least 1.")
        for spec in self.inputs:
            _check_input(spec, inputs[spec.name])
        return rows.pop()

    def warm_up(self, examples: Iterable[Arrays]) -> Exception | None:
        """Run every size on the first inputs that run, so that no request pays for a first run.

        Zeros are tried before the examples that fit, and empty strings after them. Returns the last error if nothing
        runs. Raises the runtime's error where the device has too little memory.
        """
        fitting = islice(filter(self._fits, examples), _MAX_EXAMPLES)
        zeros = {spec.name: _make_zeros(spec) for spec in self.inputs}
        error: Exception | None = None
        for rows in chain(fitting, [zeros]) if self._takes_strings else chain([zeros], fitting):
            try:
                self._run_sizes(rows)
                return None
            except Exception as failure:
                if self._program.is_out_of_memory(failure):
                    raise
                error = failure
        return error

    def _fits(self, example: Arrays) -> bool:
        try:
            return self.check(example) > 0
        except BadRequest:
            return False

    def _run_sizes(self, rows: Arrays) -> None:
        """Run the first of the rows at every size, and keep the sizes that are worth it."""
        if self.batched:
            try:
                self.sizes = self._program.select_sizes(
                    self._name, self.sizes, lambda size: self._time(_repeat(rows, size))
                )
                return
            except RowsError:
                self.batched, self.sizes = False, (1,)
        self._time(rows)

    def _time(self, rows: Arrays) -> float:
        """Seconds of the quickest run."""
        runs: list[float] = []
        while len(runs) < 2 or sum(runs) < _WARMUP_SECONDS:
            started = time.perf_counter()
            self.run(rows)
            runs.append(time.perf_counter() - started)
        return min(runs)


def _check_input(spec: TensorSpec, array: NDArray) -> None:
    fits = spec.shape is None or (
        len(spec.shape) == array.ndim
        and all(size in (-1, actual) for size, actual in zip(spec.shape, array.shape, strict=False))
    )
    if not fits or array.dtype != NUMPY_DTYPES[spec.dtype]:
        wanted = "of any shape" if spec.shape is None else list(spec.shape)
        actual = "string" if array.dtype.hasobject else array.dtype.name
        raise BadRequest(f"Input '{spec.name}' must be {spec.dtype} {wanted}; this is {actual} {list(array.shape)}.")


def _make_zeros(spec: TensorSpec) -> NDArray:
    """One row, or a whole input, with 1 for a size that the signature leaves open."""
    shape = [1 if size < 0 else size for size in spec.shape or ()]
    return np.full(shape, b"" if spec.dtype == "string" else 0, NUMPY_DTYPES[spec.dtype])


def _repeat(rows: Arrays, size: int) -> Arrays:
    return {name: np.repeat(array[:1], size, axis=0) for name, array in rows.items()}


def _to_array(output: Any) -> NDArray:
    """A session returns a scalar as numpy's own, or as `bytes`."""
    return np.array(output, object) if isinstance(output, bytes) else np.asarray(output)
