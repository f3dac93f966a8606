"""Cores, devices and bfloat16, as read from the files of the machine."""

import os
from pathlib import Path

import pytest

from service import hardware
from service.hardware import (
    count_cores,
    find_missing_gpu,
    has_bfloat16,
    list_devices,
    make_environment,
    measure_free_memory,
)


@pytest.mark.parametrize(("quota", "expected"), [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1)])
def test_quota_limits_the_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(hardware, "_CGROUP_V2", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert count_cores() == expected


def test_control_groups_of_version_1_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.cfs_quota_us").write_text("300000\n")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    monkeypatch.setattr(hardware, "_CGROUP_V2", tmp_path / "none")
    monkeypatch.setattr(hardware, "_CGROUP_V1", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert count_cores() == 3
    (tmp_path / "cpu.cfs_quota_us").write_text("-1\n")
    assert count_cores() == 8


def test_named_devices_keep_their_order() -> None:
    assert list_devices("gpu:1,gpu:0") == ("gpu:1", "gpu:0")
    assert list_devices("cpu,cpu") == ("cpu", "cpu")


def test_auto_is_every_gpu_that_the_driver_shows_or_one_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_NVIDIA", tmp_path / "gpus")
    assert list_devices("auto") == ("cpu",)
    (tmp_path / "gpus").mkdir()
    assert list_devices("auto") == ("cpu",)
    for address in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / "gpus" / address).mkdir()
    assert list_devices("auto") == ("gpu:0", "gpu:1")


@pytest.mark.parametrize(
    ("setting", "gpus", "missing"),
    [
        ("auto", 0, ""),
        ("cpu,cpu", 0, ""),
        ("gpu:0", 0, "gpu:0"),
        ("gpu:0", 1, ""),
        ("cpu,gpu:1", 1, "gpu:1"),
    ],
)
def test_gpu_that_the_driver_does_not_show_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, gpus: int, missing: str
) -> None:
    for index in range(gpus):
        (tmp_path / "gpus" / str(index)).mkdir(parents=True)
    monkeypatch.setattr(hardware, "_NVIDIA", tmp_path / "gpus")
    monkeypatch.setattr(hardware, "_UNLISTED_GPUS", (str(tmp_path / "device"),))
    assert find_missing_gpu(setting) == missing


def test_gpu_may_be_there_where_a_device_file_shows_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WSL, Jetson and AMD have no list of GPUs."""
    (tmp_path / "device").touch()
    monkeypatch.setattr(hardware, "_NVIDIA", tmp_path / "gpus")
    monkeypatch.setattr(hardware, "_UNLISTED_GPUS", (str(tmp_path / "device"),))
    assert find_missing_gpu("gpu:0") == ""


def test_engine_sees_only_its_own_device() -> None:
    assert make_environment("gpu:3") == {"CUDA_VISIBLE_DEVICES": "3"}
    assert make_environment("cpu")["CUDA_VISIBLE_DEVICES"] == "-1"


def test_engine_on_a_cpu_uses_onednn_unless_the_environment_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    assert make_environment("cpu")["TF_ENABLE_ONEDNN_OPTS"] == "1"
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert make_environment("cpu")["TF_ENABLE_ONEDNN_OPTS"] == "0"


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 avx512vbmi\n", True),
        ("processor\t: 0\nflags\t\t: fpu amx_bf16 amx_tile\n", True),
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512f\nbugs\t\t: avx512_bf16\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd\n", False),
    ],
    ids=["avx512_bf16", "amx_bf16", "neither", "no flags"],
)
def test_flags_of_the_cpu_show_bfloat16(
    cpuinfo: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "_CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert has_bfloat16() is expected


def test_no_bfloat16_if_the_cpu_info_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_CPUINFO", tmp_path / "none")
    assert not has_bfloat16()


@pytest.mark.parametrize(
    ("limit", "used", "files", "expected"),
    [
        ("max", 5_000, 0, 4_096_000),
        ("1000000", 900_000, 0, 100_000),
        ("1000000", 900_000, 300_000, 400_000),
        ("1000000", 1_100_000, 0, 0),
        ("99999999999", 0, 0, 4_096_000),
    ],
)
@pytest.mark.parametrize("group", [1, 2])
def test_free_memory_is_the_least_of_the_machines_and_the_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int, limit: str, used: int, files: int, expected: int
) -> None:
    names = ("memory.max", "memory.current") if group == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    unlimited = {"max": str(2**63 - 4096)} if group == 1 else {}
    for name, value in zip(names, (unlimited.get(limit, limit), str(used)), strict=True):
        (tmp_path / name).write_text(value)
    prefix = "" if group == 2 else "total_"
    (tmp_path / "memory.stat").write_text(f"anon 1\n{prefix}inactive_file {files}\n{prefix}active_file 0\n")
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:  4000 kB\n")
    monkeypatch.setattr(hardware, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(hardware, "_MEMORY_V2", tmp_path / "memory.max")
    monkeypatch.setattr(hardware, "_MEMORY_V1", tmp_path)
    assert measure_free_memory() == expected
