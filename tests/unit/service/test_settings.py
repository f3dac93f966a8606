"""Settings are read from the environment, and a wrong one gives an error of one sentence."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import settings
from service.images.decode import DEFAULT_MAX_PIXELS
from service.settings import SettingsError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def clear_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("INKPAW_")]:
        monkeypatch.delenv(name)
    settings.load.cache_clear()
    yield
    settings.load.cache_clear()


def test_a_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INKPAW_MAX_BATCH_SIZE", "7")
    monkeypatch.setenv("INKPAW_RUNTIME_DIR", str(tmp_path))
    loaded = settings.load()
    assert loaded.max_batch_size == 7
    assert loaded.engine_sockets[0].parent == tmp_path


def test_settings_in_the_documentation_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    lines = [line for page in pages for line in re.findall(r"^    (INKPAW_\w+=\S+)$", page.read_text(), re.MULTILINE)]
    assert len(lines) >= 2
    for line in lines:
        monkeypatch.setenv(*line.split("=", 1))
    settings.load()


def test_services_on_two_ports_do_not_share_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKPAW_PORT", "8001")
    first = settings.load().runtime_dir
    settings.load.cache_clear()
    monkeypatch.setenv("INKPAW_PORT", "8002")
    assert settings.load().runtime_dir != first


@pytest.mark.parametrize("name", ["INKPAW_URL", "INKPAW_API_KEY"])
def test_variable_of_the_client_is_no_setting(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://inkpaw:8080")
    assert settings.load().port == 8080


def test_unknown_setting_is_refused_with_the_known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKPAW_MAX_BATCH", "7")
    with pytest.raises(SettingsError, match=r"INKPAW_MAX_BATCH\b.*INKPAW_MAX_BATCH_SIZE"):
        settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INKPAW_PORT", "http"),
        ("INKPAW_PORT", "70000"),
        ("INKPAW_WORKERS", "0"),
        ("INKPAW_MAX_BATCH_SIZE", "0"),
        ("INKPAW_REQUEST_SECONDS", "-1"),
        ("INKPAW_LOG_LEVEL", "loud"),
        ("INKPAW_DEVICES", "gpu"),
        ("INKPAW_POLL_SECONDS", ""),
    ],
)
def test_error_names_the_variable_with_a_bad_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}={value}: ") as error:
        settings.load()
    assert "\n" not in str(error.value)


NUMBERS = ("", "many", "-1", "nan", "inf", "-inf", "1e400", "9" * 30, "9" * 5000, "0x10", "1,5", "\u0664\n")
TEXTS = ("", "nonsense or so\n", "cpu,,cpu", "gpu:\u0663", "x" * 5000)
# what the text of a setting cannot show is tried at the start: tests/integration/test_start.py
NONSENSE: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("model_dir", "runtime_dir", "policies", "tls_cert", "tls_key", "keys_file"), ("",)
) | {"keys": ("", "nonsense or so\n")}


def _list_nonsense(name: str) -> tuple[str, ...]:
    numeric = settings.Settings.model_fields[name].annotation in (int, float)
    return NONSENSE.get(name, NUMBERS if numeric else TEXTS)


@pytest.mark.parametrize("field", settings.Settings.model_fields)
def test_nonsense_in_any_setting_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    variable = f"INKPAW_{field.upper()}"
    for value in _list_nonsense(field):
        monkeypatch.setenv(variable, value)
        settings.load.cache_clear()
        with pytest.raises(SettingsError) as refused:
            settings.load()
        sentence = str(refused.value)
        assert sentence.startswith(f"{variable}="), value
        assert sentence.isprintable() and len(sentence) < 400


def test_error_names_every_bad_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKPAW_PORT", "http")
    monkeypatch.setenv("INKPAW_WORKERS", "0")
    with pytest.raises(SettingsError, match=r"INKPAW_PORT.*INKPAW_WORKERS"):
        settings.load()


@pytest.mark.parametrize("wrong", [{"INKPAW_PROT": "80"}, {"INKPAW_PORT": "eighty"}])
def test_bad_setting_stops_the_start_with_a_sentence(wrong: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "service"], cwd=ROOT, env=os.environ | wrong, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1
    assert next(iter(wrong)) in result.stderr
    assert "Traceback" not in result.stderr


def test_former_name_is_refused_with_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKPAW_THREADS", "64")
    with pytest.raises(SettingsError, match=r"INKPAW_THREADS is now called INKPAW_MAX_IN_FLIGHT"):
        settings.load()


def test_every_setting_has_a_description() -> None:
    undescribed = [name for name, field in settings.Settings.model_fields.items() if not field.description]
    assert undescribed == []


def test_training_and_serving_accept_the_same_pixels() -> None:
    assert settings.Settings.model_fields["max_image_pixels"].default == DEFAULT_MAX_PIXELS


def test_every_device_has_its_own_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKPAW_DEVICES", "gpu:0,gpu:1,cpu")
    assert len({*settings.load().engine_sockets}) == 3


def test_example_file_lists_every_setting() -> None:
    assert (ROOT / ".env.example").read_text() == settings.make_example(), "run make env-example"


def test_runtime_dir_too_long_for_a_socket_stops_the_start(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90) / "y"
    environ = os.environ | {"INKPAW_RUNTIME_DIR": str(deep)}
    result = subprocess.run([sys.executable, "-m", "service"], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert result.returncode == 1 and "too long" in result.stderr and "Traceback" not in result.stderr
