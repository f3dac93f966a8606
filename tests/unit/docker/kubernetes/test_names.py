"""Settings, ports, paths and metrics in the files under docker/ are those of the code."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service import supervisor
from service.settings import _OF_THE_CLIENT, PREFIX, Settings
from service.web.app import ROUTES
from tests.support.manifest_rules import STOP_MARGIN, load_settings
from tests.support.manifests import (
    KUBERNETES,
    ROOT,
    Document,
    find,
    get_server,
    list_combinations,
    list_texts,
    parse,
    render,
)
from tests.support.metric_names import list_series_names

IMAGE = (ROOT / "Dockerfile").read_text()
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}
FILES = list(list_texts())


def test_every_setting_in_a_file_exists() -> None:
    names = {name for _, text in FILES for name in re.findall(r"\bINKPAW_[A-Z_]+", text)}
    assert len(names) > 5
    assert names - SETTINGS - _OF_THE_CLIENT == set()


def list_wanted(hpa: Document) -> set[str]:
    return {metric["pods"]["metric"]["name"] for metric in hpa["spec"]["metrics"] if metric["type"] == "Pods"}


def list_offered(rule: Any) -> list[str]:
    """The names under which prometheus-adapter offers what the rule finds."""
    found = re.findall(r"inkpaw_\w+", rule["seriesQuery"])
    return [rule["name"]["as"]] if "name" in rule else found


def test_every_metric_in_a_file_is_exported() -> None:
    names = {name for _, text in FILES for name in re.findall(r"\binkpaw_[a-z0-9_]+", text)}
    assert len(names) >= 5
    adapter = {"inkpaw_in_flight_share"}  # made by prometheus-adapter, see below
    assert names - list_series_names() - adapter - {"inkpaw_track"} == set()


@pytest.mark.parametrize("combination", [c for c in list_combinations() if len(c) == 1], ids="+".join)
def test_settings_of_an_overlay_are_accepted(combination: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in load_settings(render(*combination)).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    # requests in flight have more than their own deadline to finish, and the engines end within the margin
    assert settings.grace_seconds > settings.request_seconds
    assert supervisor._STOP_SECONDS + 5 <= STOP_MARGIN


def test_port_of_the_image_is_the_port_of_every_pod() -> None:
    [port] = re.findall(r"INKPAW_PORT=(\d+)", IMAGE)
    assert f"EXPOSE {port}\n" in IMAGE
    assert [item["containerPort"] for item in get_server(render("overlays/cpu"))["ports"]] == [int(port)]
    texts = [path.read_text() for name in ("kserve", "knative") for path in (KUBERNETES / "others" / name).iterdir()]
    assert {found for text in texts for found in re.findall(r"containerPort: (\d+)", text)} == {port}


def test_user_of_the_image_is_the_user_of_every_pod() -> None:
    [user] = re.findall(r"^USER (\d+):", IMAGE, re.MULTILINE)
    users = {found for _, text in FILES for found in re.findall(r"runAs(?:User|Group): (\d+)", text)}
    assert users == {user}


def test_every_path_that_is_probed_or_scraped_has_a_route_without_admission() -> None:
    pattern = r"^\s+(?:httpGet: \{)?path: (/(?!dashboards)[a-z]+)(?:[,}].*)?$"
    paths = {found for _, text in FILES for found in re.findall(pattern, text, re.MULTILINE)}
    assert paths == {"/readyz", "/livez", "/metrics"}
    assert paths <= {rule for route in ROUTES for rule in route.rules if not route.admission}


def list_client_prefixes() -> set[str]:
    """What clients need: the first part of every path but the operators'."""
    return {f"/{rule.split('/')[1]}" for route in ROUTES for rule in route.rules} - {"/livez", "/readyz", "/metrics"}


def test_clients_reach_what_they_need_and_not_what_is_the_operators() -> None:
    documents = render("overlays/cpu", "components/ingress", "components/canary")
    [rule] = find(documents, "Ingress")["spec"]["rules"]
    assert {path["path"] for path in rule["http"]["paths"]} == list_client_prefixes()
    [rule] = find(documents, "HTTPRoute")["spec"]["rules"]
    assert {match["path"]["value"] for match in rule["matches"]} == list_client_prefixes()


def test_ingress_lets_the_largest_body_through() -> None:
    annotations = find(render("overlays/cpu", "components/ingress"), "Ingress")["metadata"]["annotations"]
    size = annotations["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert int(size.removesuffix("m")) << 20 == Settings.model_fields["max_body_bytes"].default


def test_workers_follow_the_cpu_limit() -> None:
    """The service counts its cores by the limit: without one, a large node would start dozens of workers."""
    for overlay in ("cpu", "gpu", "dev"):
        limit = get_server(render(f"overlays/{overlay}"))["resources"]["limits"]["cpu"]
        assert 1 <= int(limit) <= 64


def test_policies_are_read_where_they_are_mounted() -> None:
    documents = render("overlays/cpu")
    path = Path(load_settings(documents)["INKPAW_POLICIES"])
    [mount] = [m for m in get_server(documents)["volumeMounts"] if m["mountPath"] == str(path.parent)]
    assert mount["name"] == "policies"
    assert path.name in find(documents, "ConfigMap", "inkpaw-policies")["data"]


def list_queries() -> Iterator[str]:
    """The PromQL of autoscalers and analyses, with their templates filled in."""
    keda = find(render("overlays/cpu", "components/autoscale-keda"), "ScaledObject")
    yield from (t["metadata"]["query"] for t in keda["spec"]["triggers"] if t["type"] == "prometheus")
    [analysis] = parse((KUBERNETES / "others/argo-rollouts/analysis.yaml").read_text())
    for metric in analysis["spec"]["metrics"]:
        yield metric["provider"]["prometheus"]["query"].replace("{{args.pods}}", "abc")
    [adapter] = parse((KUBERNETES / "components/autoscale-hpa/adapter-rules.yaml").read_text())
    for rule in adapter["rules"]:
        yield rule["seriesQuery"]
        for old, new in ("<<.GroupBy>>", "pod"), ("<<.Series>>", "inkpaw_in_flight"), ("<<.LabelMatchers>>", 'a="b"'):
            rule["metricsQuery"] = rule["metricsQuery"].replace(old, new)
        yield rule["metricsQuery"]


def test_hpa_scales_by_what_the_adapter_offers() -> None:
    [adapter] = parse((KUBERNETES / "components/autoscale-hpa/adapter-rules.yaml").read_text())
    offered = {name for rule in adapter["rules"] for name in list_offered(rule)}
    hpa = find(render("overlays/cpu", "components/autoscale-hpa"), "HorizontalPodAutoscaler")
    assert list_wanted(hpa) and list_wanted(hpa) <= offered
    assert any(metric["type"] == "Resource" for metric in hpa["spec"]["metrics"])  # the fallback


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool, of Debian's package prometheus")
def test_every_query_is_promql(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [{"record": f"q:{i}", "expr": query} for i, query in enumerate(list_queries())]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True)
    assert len(rules) >= 9 and done.returncode == 0, done.stdout + done.stderr
