"""The compose file: every service hardened, bounded and on loopback; every file that it mounts is there."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings
from tests.support.manifest_rules import STOP_MARGIN
from tests.support.manifests import ROOT

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_hardened_bounded_and_on_loopback(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert name == "inkpaw" or re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"])


def test_mounted_files_and_volumes_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DOCKER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], volume
            assert volume.endswith(":ro") or not source.startswith("."), volume


def test_service_has_time_to_drain() -> None:
    service, fields = SERVICES["inkpaw"], Settings.model_fields
    settings = {
        name: float(service["environment"][f"INKPAW_{name.upper()}"]) for name in ("drain_seconds", "grace_seconds")
    }
    assert settings["grace_seconds"] > fields["request_seconds"].default
    assert float(service["stop_grace_period"].removesuffix("s")) >= sum(settings.values()) + STOP_MARGIN


def read_observe(folder: str, name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DOCKER / "observe" / folder / name).read_text())
    return document


def test_parts_name_each_other_as_compose_does() -> None:
    prometheus = read_observe("", "prometheus.yaml")
    targets = [
        target for job in prometheus["scrape_configs"] for item in job["static_configs"] for target in item["targets"]
    ]
    targets += [t for a in prometheus["alerting"]["alertmanagers"] for c in a["static_configs"] for t in c["targets"]]
    [source] = read_observe("grafana/datasources", "prometheus.yaml")["datasources"]
    targets.append(source["url"].removeprefix("http://"))
    ports = {f"{name}:{port.split(':')[2]}" for name, service in SERVICES.items() for port in service["ports"]}
    assert set(targets) == ports - {"grafana:3000"}


def test_rules_and_dashboards_are_read_from_the_mounted_folders() -> None:
    mounts = {volume.split(":")[1] for service in SERVICES.values() for volume in service.get("volumes", [])}
    [rules] = read_observe("", "prometheus.yaml")["rule_files"]
    [provider] = read_observe("grafana/dashboards", "folder.yaml")["providers"]
    assert {str(Path(rules).parent), provider["options"]["path"]} <= mounts


@pytest.mark.parametrize(
    "command",
    [
        ["promtool", "check", "config", "--syntax-only", "prometheus.yaml"],
        ["amtool", "check-config", "alertmanager.yaml"],
    ],
    ids=" ".join,
)
def test_configuration_is_accepted(command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"needs {command[0]}, of Debian's packages prometheus and prometheus-alertmanager")
    done = subprocess.run(command, cwd=DOCKER / "observe", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
