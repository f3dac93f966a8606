"""`inkpaw predict`: pictures to rows, with what an earlier run wrote left as it is."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..calls import Version
from ..pictures import Picture
from ..sync_client import Client
from .exit_codes import ExitCode, UsageError
from .outputs import STDOUT, CsvOutput, JsonLinesOutput, Output
from .parquet import ParquetOutput
from .progress import ProgressBar
from .rows import make_row

FORMATS: dict[str, type[Output]] = {kind.name: kind for kind in (CsvOutput, JsonLinesOutput, ParquetOutput)}


class _Terminated(BaseException):
    """SIGTERM has come."""


@dataclass(frozen=True)
class Service:
    """How the command asks the service."""

    url: str
    retry_seconds: float
    batch: int
    in_flight: int
    version: Version
    top: int | None
    api_key: str | None


def open_output(path: str, output_format: str | None, model: str) -> Output:
    """A new or an existing file. Raises UsageError, also if it holds the rows of another model."""
    suffix = "csv" if path == STDOUT else Path(path).suffix.removeprefix(".").lower()
    kind = FORMATS.get(output_format or suffix)
    if kind is None:
        raise UsageError(f"--out {path}: the name must end in .{', .'.join(FORMATS)}, or give --format.")
    output = kind(path)
    others = {row["model"] for row in output.rows} - {model}
    if others:
        output.close()
        raise UsageError(f"'{path}' holds rows of the model {others.pop()}; choose another file.")
    return output


def predict_all(
    service: Service, model: str, pictures: Sequence[Picture], output: Output, progress: ProgressBar
) -> ExitCode:
    """Writes a row per picture that the output does not have. Raises InkpawError if the run cannot go on."""
    rows = {row["file"]: bool(row["error"]) for row in output.rows}
    left = [picture for picture in pictures if picture.name not in rows]
    progress.skip(len(pictures) - len(left))
    failures = sum(rows.get(picture.name, False) for picture in pictures)
    try:
        failures += _predict(service, model, left, output, progress)
    except _Terminated:
        return ExitCode.TERMINATED
    if failures:
        progress.say(f"{failures} of {len(pictures)} images failed; the column error says why.")
    return ExitCode.SOME_FAILED if failures else ExitCode.GOOD


def _predict(service: Service, model: str, pictures: Sequence[Picture], output: Output, progress: ProgressBar) -> int:
    """Returns how many images failed. Ctrl-C and SIGTERM end it between two rows.

    Threads, as asyncio and what httpx needs for it use twice the CPU per request, which the service may lack.
    """
    failures = index = 0
    with (
        _raise_on_sigterm(),
        Client(
            service.url,
            api_key=service.api_key,
            retry_seconds=service.retry_seconds,
            batch=service.batch,
            in_flight=service.in_flight,
            on_retry=lambda reason: progress.say(f"{reason} Trying again."),
        ) as client,
        closing(client.predict_batches(model, pictures, version=service.version, top=service.top)) as outcomes,
    ):
        for batch in outcomes:
            names = [picture.name for picture in pictures[index : index + len(batch)]]
            rows = [make_row(name, outcome, model) for name, outcome in zip(names, batch, strict=True)]
            output.write(rows)
            index += len(batch)
            failures += sum(row["error"] is not None for row in rows)
            progress.advance(len(batch))
    return failures


@contextmanager
def _raise_on_sigterm() -> Iterator[None]:
    """As Ctrl-C does it; only the main thread may."""

    def stop(*_: object) -> None:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
