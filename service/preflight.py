"""Holds the settings against the machine, before anything starts."""

import importlib.util
import logging
import os
import stat
from pathlib import Path

from service.hardware import find_missing_gpu
from service.settings import Settings, SettingsError

log = logging.getLogger(__name__)


def check_machine(settings: Settings) -> None:
    """Refuse what this machine does not have; warn of what may still come. Raises SettingsError."""
    if missing := find_missing_gpu(settings.devices):
        raise SettingsError(f"INKPAW_DEVICES={settings.devices}: this machine has no {missing}.")
    _check_path("INKPAW_MODEL_DIR", settings.model_dir, is_folder=True)
    if settings.policies is not None:
        _check_path("INKPAW_POLICIES", settings.policies, is_folder=False)
    if settings.traces_url is not None and not _has_module("opentelemetry.exporter.otlp.proto.http"):
        raise SettingsError("INKPAW_TRACES_URL is set, and OpenTelemetry is missing: pip install '.[server,tracing]'.")


def _has_module(name: str) -> bool:
    """Without importing it: the master stays small."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _check_path(name: str, path: Path, is_folder: bool) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        log.warning("%s=%s cannot be read (%s): it is looked for again and again", name, path, error.strerror)
        return
    kind = "folder" if is_folder else "file"
    if not (stat.S_ISDIR(mode) if is_folder else stat.S_ISREG(mode)):
        raise SettingsError(f"{name}={path} is no {kind}.")
    if not os.access(path, os.R_OK | (os.X_OK if is_folder else 0)):
        log.warning("%s=%s cannot be read by this user: it is tried again and again", name, path)
