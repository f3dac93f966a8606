"""Every setting of the service: an environment variable `INKPAW_<NAME>`, its type, its default and why it is there."""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.cores import cores
from service.hardware import listed

PREFIX = "INKPAW_"


class SettingsError(Exception):
    """A setting is unknown or has a bad value; the text names it."""


def _runtime_dir(others: dict[str, Any]) -> Path:
    return Path(tempfile.gettempdir()) / f"inkpaw-{os.getuid()}-{others.get('port', 0)}"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, protected_namespaces=())

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    workers: int = Field(default_factory=cores, ge=1, le=64, description="gunicorn workers; the cores by default")
    threads: int = Field(
        512, ge=1, le=4096, description="requests that one worker has in hand at most; fewer where each takes long"
    )
    model_dir: Path = Field(Path("models"), description="folder of <name>/<version>/ SavedModels")
    runtime_dir: Path = Field(
        default_factory=_runtime_dir, description="sockets and metrics: a folder for each running service"
    )
    policies: Path | None = Field(None, description="JSON file of versions to load and labels; read when it changes")
    canary_percent: float = Field(
        0.0, ge=0, le=100, description="share of requests without version or label that goes to the label canary"
    )
    poll_seconds: float = Field(2.0, gt=0, description="how often model_dir is looked at for new and removed versions")
    max_batch_size: int = Field(32, ge=1, le=1024, description="rows that one run of a model takes at most")
    batch_timeout_ms: float = Field(0.0, ge=0, le=1000, description="how long a batch waits to fill; 0 starts at once")
    patience_ms: float = Field(
        3.0, ge=0, le=100, description="on a CPU, how long a batch waits for as many rows as the last one had"
    )
    max_queue_rows: int = Field(2048, ge=1, description="rows of one model that may wait; more is answered 503")
    request_seconds: float = Field(10.0, gt=0, description="from arrival to answer; later is answered 504")
    max_body_bytes: int = Field(64 << 20, ge=1024, description="the largest request body")
    max_images: int = Field(256, ge=1, description="images or samples in one request")
    max_image_pixels: int = Field(50_000_000, ge=1, description="the largest image that is decoded")
    decode_threads: int = Field(default_factory=cores, ge=1, description="threads a worker decodes one request with")
    devices: str = Field(
        "auto",
        pattern=r"^(auto|(cpu|gpu:\d+)(,(cpu|gpu:\d+))*)$",
        description="an engine each: auto, or as gpu:0,gpu:1",
    )
    engine_threads: int = Field(
        default_factory=cores,
        ge=1,
        description="on a CPU, batches that run at once, each in one thread; the cores by default",
    )
    precision: Literal["full", "mixed"] = Field(
        "full", description="mixed: classifiers multiply in bfloat16 on a CPU that has it: twice as quick, less exact"
    )
    stall_seconds: float = Field(60.0, gt=0, description="a batch running longer, or no engine for longer: not live")
    drain_seconds: float = Field(0.0, ge=0, description="serve on, not ready, for so long after SIGTERM")
    grace_seconds: int = Field(30, ge=1, description="how long requests in flight may take to finish after that")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="least severe line to log")

    @property
    def engine_sockets(self) -> list[Path]:
        """Where the engine of each device listens."""
        return [self.runtime_dir / f"engine-{index}.sock" for index in range(len(listed(self.devices)))]

    @property
    def draining_mark(self) -> Path:
        """Exists from the first moment of draining."""
        return self.runtime_dir / "draining"

    @property
    def metrics_dir(self) -> Path:
        return self.runtime_dir / "metrics"


def _sentence(error: dict[str, Any]) -> str:
    return f"{PREFIX}{str(error['loc'][0]).upper()}={error['input']}: {error['msg']}."


@cache
def load() -> Settings:
    """The settings of this process's environment. Raises SettingsError."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError(f"Unknown setting {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(" ".join(_sentence(each) for each in error.errors())) from None  # type: ignore[arg-type]


def example() -> str:
    """`.env.example`: every setting with its default, as a comment."""
    lines = ["# Every setting of the service. Uncomment a line to change it."]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory or field.default is None else field.default
        lines += ["", f"# {field.description}", f"#{PREFIX}{name.upper()}={default}"]
    return "\n".join(lines) + "\n"
