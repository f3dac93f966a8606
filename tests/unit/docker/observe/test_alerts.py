"""The alert rules: each fires when it should and only then, and each is explained in the runbook."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from docker.observe.prometheus_rule import PATH, RULES, make_prometheus_rule
from service import metrics
from tests.support.manifests import ROOT, find, find_all, render
from tests.unit.docker.observe.alert_cases import CASES, Case

GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
RUNBOOK = (ROOT / "docs/runbook.md").read_text()


def to_test(case: Case) -> dict[str, Any]:
    """In promtool's format."""
    rule = ALERTS[case.alert]
    alert = {
        "exp_labels": rule["labels"] | case.labels,
        "exp_annotations": rule["annotations"] | {"summary": case.summary},
    }
    check = {
        "eval_time": f"{case.minutes}m",
        "alertname": case.alert,
        "exp_alerts": [alert] if case.summary else [],
    }
    return {
        "name": case.what,
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [check],
    }


def select_rules(alert: str, expr: str) -> str:
    """The alert with that expression, and the recording rules that it needs."""
    rules = [rule for group in GROUPS for rule in group["rules"] if "record" in rule and rule["record"] in expr]
    rules.append(ALERTS[alert] | {"expr": expr})
    return yaml.safe_dump({"groups": [{"name": "tried", "rules": rules}]})


def run_promtool(folder: Path, alert: str, rules: str) -> subprocess.CompletedProcess[str]:
    """All cases of the alert, by these rules."""
    (folder / "rules.yaml").write_text(rules)
    cases = [to_test(case) for case in CASES if case.alert == alert]
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": cases}
    (folder / "tests.yaml").write_text(yaml.safe_dump(tests, width=1000))
    return subprocess.run(["promtool", "test", "rules", "tests.yaml"], cwd=folder, capture_output=True, text=True)


needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="needs promtool, of Debian's package prometheus"
)


@needs_promtool
@pytest.mark.parametrize("alert", ALERTS)
def test_alert_fires_when_it_should_and_only_then(alert: str, tmp_path: Path) -> None:
    done = run_promtool(tmp_path, alert, select_rules(alert, ALERTS[alert]["expr"]))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert: str) -> None:
    assert {bool(case.summary) for case in CASES if case.alert == alert} == {True, False}


# alert, a condition of it, and what stands in its place
BREAKS = {
    "short window": ("InkpawErrorsBurnFast", "inkpaw:errors:rate5m / inkpaw:requests:rate5m > 14.4 * 0.001 and", ""),
    "long window": ("InkpawErrorsBurnFast", "and inkpaw:errors:rate1h / inkpaw:requests:rate1h > 14.4 * 0.001", ""),
    "number of failures": ("InkpawErrorsBurnFast", "and inkpaw:errors:rate1h * 3600 > 10", ""),
    "restarts only": ("InkpawEngineRestarts", "and inkpaw_engine_starts_total offset 15m > 0", ""),
    "first count": ("InkpawEngineHangs", "unless inkpaw_engine_hangs_total offset 15m", ""),
    "nothing scraped": ("InkpawNoReadyModel", "or absent(inkpaw_build_info)", ""),
    "pods": ("InkpawPodNotReady", "job, pod, instance", "job"),
    "labels": ("InkpawDrift", '{distribution!="labels"}', ""),
}


@needs_promtool
@pytest.mark.parametrize("name", BREAKS)
def test_cases_notice_a_condition_that_is_missing(name: str, tmp_path: Path) -> None:
    alert, old, new = BREAKS[name]
    expr = ALERTS[alert]["expr"]
    assert old in expr
    assert run_promtool(tmp_path, alert, select_rules(alert, expr.replace(old, new))).returncode == 1


@needs_promtool
def test_cases_notice_refusals_that_are_not_counted(tmp_path: Path) -> None:
    rules = select_rules("InkpawErrorsBurnFast", ALERTS["InkpawErrorsBurnFast"]["expr"])
    assert "busy" in rules
    assert run_promtool(tmp_path, "InkpawErrorsBurnFast", rules.replace("busy", "none")).returncode == 1


def test_prometheus_rule_has_the_same_rules() -> None:
    assert PATH.read_text() == make_prometheus_rule(), "run make observe"
    documents = render("overlays/cpu", "components/prometheus-operator")
    assert find(documents, "PrometheusRule")["spec"] == {"groups": GROUPS}


def test_bounds_of_buckets_exist() -> None:
    buckets = set(re.findall(r'(inkpaw_\w+)_bucket\{[^}]*le="([0-9.]+)"', RULES.read_text()))
    assert buckets
    for name, bound in buckets:
        [histogram] = [m for m in vars(metrics).values() if getattr(m, "_name", None) == name]
        assert bound in [str(float(value)) for value in histogram._kwargs["buckets"]]


def test_volume_and_certificate_are_those_of_the_manifests() -> None:
    documents = render("overlays/cpu", "components/model-volume/claim", "components/ingress")
    [claim] = find_all(documents, "PersistentVolumeClaim")
    assert f'persistentvolumeclaim="{claim["metadata"]["name"]}"' in ALERTS["InkpawModelVolumeNearlyFull"]["expr"]
    [tls] = find(documents, "Ingress")["spec"]["tls"]
    assert f'{{name="{tls["secretName"]}"}}' in ALERTS["InkpawCertificateExpires"]["expr"]


def test_every_alert_has_its_paragraph_in_the_runbook_and_the_other_way_round() -> None:
    assert re.findall(r"^## (Inkpaw\w+)$", RUNBOOK, re.MULTILINE) == list(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"


@pytest.mark.parametrize("alert", ALERTS)
def test_paragraph_says_what_it_means_how_to_see_it_and_what_to_do(alert: str) -> None:
    [text] = re.findall(rf"^## {alert}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    parts = re.findall(r"^- \*\*(.+?)\*\* \S", text, re.MULTILINE)
    assert parts == ["What it means.", "How to see it.", "What to do."]


def test_metrics_and_queries_of_the_runbook_exist() -> None:
    names = set(re.findall(r"\binkpaw_[a-z0-9_]+", RUNBOOK))
    listed = set(re.findall(r"^\| `(inkpaw_\w+)`", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE))
    assert names and {re.sub(r"_(bucket|sum|count)$", "", name) for name in names} <= listed
