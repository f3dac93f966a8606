"""Every setting of the service: an environment variable `INKPAW_<NAME>`, its type, its default and its reason."""

import os
import tempfile
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.hardware import count_cores, list_devices

PREFIX = "INKPAW_"
_SHOWN = 80  # characters of a bad value
_OF_THE_CLIENT = {"INKPAW_URL", "INKPAW_API_KEY"}  # may be set where a service starts
_RENAMED = {"INKPAW_THREADS": "INKPAW_MAX_IN_FLIGHT"}


class SettingsError(Exception):
    """A setting is unknown or has a bad value; the text names it."""


def _default_runtime_dir(fields: dict[str, Any]) -> Path:
    try:
        return Path(tempfile.gettempdir()) / f"inkpaw-{os.getuid()}-{fields.get('port', 0)}"
    except OSError as error:
        raise SettingsError(f"INKPAW_RUNTIME_DIR is not set, and there is no temporary folder: {error}.") from None


def _refuse_empty(value: Any) -> Any:
    if value == "":  # Path("") would be the folder in which the service was started
        raise PydanticCustomError("empty_path", "Input should be a path, not empty")
    return value


def _check_networks(value: Any) -> Any:
    try:
        for text in str(value).split(","):
            ip_network(text, strict=False)
    except ValueError:
        raise PydanticCustomError("networks", "Input should be addresses or networks, as in 10.0.0.0/8,::1") from None
    return value


# every number has an upper bound: from far above it, a wait or a list would fail while the service runs
_MAX_SECONDS = 86_400.0
FilePath = Annotated[Path, BeforeValidator(_refuse_empty)]
Networks = Annotated[str, BeforeValidator(_check_networks)]
_RATE = r"^[1-9][0-9]{0,8}/(second|minute|hour)$"
_ORIGIN = r"https?://[0-9A-Za-z.:\[\]-]{1,255}"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, protected_namespaces=(), allow_inf_nan=False)

    host: str = Field(
        "127.0.0.1",
        max_length=253,
        pattern=r"^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z_.:%-]+)$",
        description="address or name to listen on; 0.0.0.0 is all of IPv4, and :: all of IPv4 and IPv6",
    )
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    grpc_port: int | None = Field(
        None, ge=0, le=65535, description="port for the Open Inference Protocol over gRPC; without one there is no gRPC"
    )
    operations_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="port of its own for /metrics and health, in plain HTTP and without keys; the other then has no "
        "/metrics",
    )
    tls_cert: FilePath | None = Field(
        None, description="PEM file of the certificate and its chain: TLS on the port and on gRPC's"
    )
    tls_key: FilePath | None = Field(None, description="PEM file of the certificate's key")
    keys_file: FilePath | None = Field(
        None, description="file of API keys, a line each, as `python -m service key` writes it; read when it changes"
    )
    keys: str | None = Field(
        None, pattern=r"^[!-~]+$", description="the same lines, separated by commas, beside the file's"
    )
    require_keys: bool = Field(
        False, description="refuse to start without API keys where others than this machine can connect"
    )
    limit_per_address: str | None = Field(
        None, pattern=_RATE, description="requests from one address, as in 20/second or 600/minute; then 429"
    )
    limit_per_key: str | None = Field(None, pattern=_RATE, description="the same for the requests with one key")
    trusted_proxies: Networks | None = Field(
        None, description="addresses or networks of proxies whose X-Forwarded-For tells the client's address"
    )
    cors_origins: str | None = Field(
        None,
        pattern=rf"^(\*|{_ORIGIN}(,{_ORIGIN})*)$",
        description="origins whose pages may call the service, as in https://a.example,https://b.example; * is all",
    )
    workers: int = Field(default_factory=count_cores, ge=1, le=64, description="gunicorn workers; the cores by default")
    max_in_flight: int = Field(
        512, ge=1, le=4096, description="requests in flight per worker; fewer are let in where each takes long"
    )
    max_connections: int = Field(
        8192, ge=8, le=65536, description="open connections per worker; near it the longest idle one is closed"
    )
    model_dir: FilePath = Field(Path("models"), description="folder of <name>/<version>/ SavedModels")
    runtime_dir: FilePath = Field(
        default_factory=_default_runtime_dir,
        description="sockets and metrics: one folder per running service, which no other user can write to",
    )
    policies: FilePath | None = Field(
        None, description="JSON file of versions to load and of labels; read when it changes"
    )
    canary_percent: float = Field(
        0.0, ge=0, le=100, description="percent of the requests without version or label that go to the label canary"
    )
    version_swap: Literal["load_first", "unload_first"] = Field(
        "load_first",
        description="unload_first: unload a version before the next is loaded, with 503 between; needs less memory",
    )
    load_seconds: float = Field(
        600.0, gt=0, le=_MAX_SECONDS, description="a version that takes longer to load and warm is refused"
    )
    ready: Literal["all", "any"] = Field(
        "all", description="which of the models that are there at the start must answer before /readyz is 200"
    )
    poll_seconds: float = Field(
        2.0, gt=0, le=_MAX_SECONDS, description="how often model_dir is scanned for new and removed versions"
    )
    max_batch_size: int = Field(32, ge=1, le=1024, description="the most rows per run of a model")
    batch_timeout_ms: float = Field(0.0, ge=0, le=1000, description="how long a batch waits to fill; 0 starts at once")
    patience_ms: float = Field(
        3.0, ge=0, le=100, description="on a CPU, how long a batch waits for as many rows as the last batch had"
    )
    max_queue_rows: int = Field(
        2048, ge=1, le=1 << 20, description="rows of one model that may wait; a request for more gets 503"
    )
    request_seconds: float = Field(
        10.0, gt=0, le=_MAX_SECONDS, description="from arrival to answer; a later answer is 504"
    )
    max_body_bytes: int = Field(64 << 20, ge=1024, le=1 << 32, description="the largest request body")
    max_images: int = Field(256, ge=1, le=65536, description="images or samples per request")
    max_image_pixels: int = Field(50_000_000, ge=1, le=1 << 30, description="the largest image that is decoded")
    decode_threads: int = Field(
        default_factory=count_cores, ge=1, le=1024, description="threads per worker that decode images"
    )
    devices: str = Field(
        "auto",
        pattern=r"^(auto|(cpu|gpu:[0-9]{1,3})(,(cpu|gpu:[0-9]{1,3})){0,63})$",
        description="one engine per device: auto, or as in gpu:0,gpu:1",
    )
    engine_threads: int = Field(
        default_factory=count_cores,
        ge=1,
        le=1024,
        description="on a CPU, batches that run at the same time, each in one thread; the cores by default",
    )
    runtime: Literal["auto", "tensorflow", "litert"] = Field(
        "auto",
        description="on a CPU; auto: versions with a LiteRT form run in LiteRT, all others in TensorFlow",
    )
    precision: Literal["full", "mixed"] = Field(
        "full",
        description="mixed: in TensorFlow, classifiers multiply in bfloat16 on a CPU that has it; quicker on some CPUs",
    )
    stall_seconds: float = Field(
        30.0,
        ge=1,
        le=_MAX_SECONDS,
        description="the longest run of a batch; an engine that takes longer is killed and started again",
    )
    drain_seconds: float = Field(
        0.0, ge=0, le=_MAX_SECONDS, description="after SIGTERM, how long to serve on while not ready"
    )
    grace_seconds: int = Field(
        30, ge=1, le=int(_MAX_SECONDS), description="after that, how long requests in flight may take to finish"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="lowest severity that is logged")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="lines of the log; auto is text on a terminal and json elsewhere"
    )
    access_log: float = Field(
        0.01, ge=0, le=1, description="share of the requests that get a line in the log; failures (5xx) get one anyway"
    )
    traces_url: str | None = Field(
        None,
        max_length=2048,
        pattern=r"^https?://[^\s/?#]+/\S*$",
        description="collector for spans, by OTLP over HTTP, as in http://collector:4318/v1/traces; none by default",
    )
    traces_share: float = Field(
        0.01, ge=0, le=1, description="share of the requests that are traced, where the client does not decide it"
    )

    @property
    def engine_sockets(self) -> list[Path]:
        """The socket of each device's engine."""
        return [self.runtime_dir / f"engine-{index}.sock" for index in range(len(list_devices(self.devices)))]

    @property
    def draining_mark(self) -> Path:
        """Exists from the first moment of draining."""
        return self.runtime_dir / "draining"

    @property
    def readiness_files(self) -> list[Path]:
        """Where each device's engine keeps the names of the models that readiness waits for."""
        return [path.with_suffix(".ready") for path in self.engine_sockets]

    @property
    def grpc_heartbeat(self) -> Path:
        return self.runtime_dir / "grpc.beat"

    @property
    def rates_file(self) -> Path:
        """What all workers count for the limits per address and per key."""
        return self.runtime_dir / "rates"

    @property
    def metrics_dir(self) -> Path:
        return self.runtime_dir / "metrics"


def _format_error(error: dict[str, Any]) -> str:
    return f"{PREFIX}{str(error['loc'][0]).upper()}={_show(str(error['input']))}: {error['msg']}."


def _show(value: str) -> str:
    """Short, and on one line."""
    text = value if value.isprintable() else ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


@cache
def load() -> Settings:
    """The settings of this process's environment. Raises SettingsError."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known | _OF_THE_CLIENT)
    for name in unknown:
        if name in _RENAMED:
            raise SettingsError(f"{name} is now called {_RENAMED[name]}.")
    if unknown:
        raise SettingsError(f"Unknown setting {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(" ".join(_format_error(details) for details in error.errors())) from None  # type: ignore[arg-type]


def make_example() -> str:
    """The text of `.env.example`: every setting with its default, as a comment."""
    lines = ["# Every setting of the service. Uncomment a line to change it."]
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory or field.default is None else field.default
        lines += ["", f"# {field.description}", f"#{PREFIX}{name.upper()}={default}"]
    return "\n".join(lines) + "\n"
