"""Which devices there are, and what an engine of each may see."""

from pathlib import Path

import pytest

from service import hardware as devices
from service.hardware import environment, listed


def test_devices_that_are_named_are_taken_in_that_order() -> None:
    assert listed("gpu:1,gpu:0") == ("gpu:1", "gpu:0")
    assert listed("cpu,cpu") == ("cpu", "cpu")


def test_auto_is_every_gpu_that_the_driver_shows_or_one_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_NVIDIA", tmp_path / "gpus")
    assert listed("auto") == ("cpu",)
    (tmp_path / "gpus").mkdir()
    assert listed("auto") == ("cpu",)
    for address in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / "gpus" / address).mkdir()
    assert listed("auto") == ("gpu:0", "gpu:1")


def test_an_engine_sees_its_own_device_alone() -> None:
    assert environment("gpu:3") == {"CUDA_VISIBLE_DEVICES": "3"}
    assert environment("cpu")["CUDA_VISIBLE_DEVICES"] == "-1"


def test_an_engine_on_a_cpu_has_its_quicker_convolutions_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    assert environment("cpu")["TF_ENABLE_ONEDNN_OPTS"] == "1"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert environment("cpu")["TF_ENABLE_ONEDNN_OPTS"] == "0"
