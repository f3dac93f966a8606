"""Holds the settings against the machine, before anything starts."""

import importlib.util
import logging
import os
import socket
import ssl
import stat
from pathlib import Path

from service.access.addresses import is_loopback
from service.access.key_watch import read_keys
from service.access.keys import KeysError
from service.hardware import CPU, find_missing_gpu, has_tensorflow, list_devices
from service.settings import Settings, SettingsError

log = logging.getLogger(__name__)


def check_machine(settings: Settings) -> None:
    """Refuse what this machine does not have; warn of what may still come. Raises SettingsError."""
    if missing := find_missing_gpu(settings.devices):
        raise SettingsError(f"INKPAW_DEVICES={settings.devices}: this machine has no {missing}.")
    if not has_tensorflow():
        _refuse_without_tensorflow(settings)
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


def check_access(settings: Settings, listener: socket.socket) -> None:
    """Refuse keys and certificates that cannot be read; warn of a service that everybody can use. Raises
    SettingsError."""
    if settings.keys or settings.keys_file:
        try:
            read_keys(settings.keys, settings.keys_file)
        except KeysError as error:
            name = f"INKPAW_KEYS_FILE={settings.keys_file}" if settings.keys_file else "INKPAW_KEYS"
            raise SettingsError(f"{name} cannot be used: {error}.") from None
    elif not is_loopback(listener.getsockname()[0]):
        open_door = f"INKPAW_HOST={settings.host} is open to other machines, and there are no API keys"
        if settings.require_keys:
            raise SettingsError(f"{open_door}: INKPAW_REQUIRE_KEYS=1 needs INKPAW_KEYS_FILE or INKPAW_KEYS.")
        log.warning("%s: EVERYBODY WHO REACHES THIS PORT CAN USE THE SERVICE (docs/security.md)", open_door)
    _check_certificate(settings)


def _check_certificate(settings: Settings) -> None:
    certificate, key = settings.tls_cert, settings.tls_key
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise SettingsError("INKPAW_TLS_CERT and INKPAW_TLS_KEY are only of use together.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # or OpenSSL would ask the terminal
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"INKPAW_TLS_CERT={certificate} and INKPAW_TLS_KEY={key} cannot be used: {reason}."
        ) from None


def _refuse_without_tensorflow(settings: Settings) -> None:
    if settings.runtime == "tensorflow":
        raise SettingsError("INKPAW_RUNTIME=tensorflow: TensorFlow is not installed here.")
    if any(device != CPU for device in list_devices(settings.devices)):
        raise SettingsError(f"INKPAW_DEVICES={settings.devices}: a GPU needs TensorFlow, which is not installed here.")


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
