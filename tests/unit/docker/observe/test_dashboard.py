"""The dashboard: its file is what the code makes, its queries name what is exported, and it shows all of that."""

import json
import re
from collections import Counter

import yaml

from docker.observe.dashboard import PATH, list_queries, make_dashboard, read_dashboard
from docker.observe.prometheus_rule import RULES
from tests.support.manifests import ROOT
from tests.support.metric_names import list_metric_names, list_series_names

DASHBOARD = read_dashboard()
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ROWS = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
RECORDED = {
    rule["record"]
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
    if "record" in rule
}


def test_file_is_what_the_code_makes() -> None:
    assert PATH.read_text() == make_dashboard(), "run make observe"


def test_queries_name_what_is_exported_or_recorded() -> None:
    names = {name for _, query in list_queries(DASHBOARD) for name in re.findall(r"\binkpaw[a-z0-9_:]+", query)}
    names |= set(re.findall(r"\binkpaw_[a-z0-9_]+", json.dumps(DASHBOARD["templating"])))
    assert names and names - list_series_names() - RECORDED == set()


def test_every_metric_is_shown() -> None:
    text = "\n".join(query for _, query in list_queries(DASHBOARD))
    hidden = [metric for metric, series in list_metric_names().items() if not any(name in text for name in series)]
    assert hidden == []


def test_rows_cover_what_operators_ask() -> None:
    assert [
        *("Overview", "Traffic", "Errors", "Latency", "Batches", "Queue", "Utilisation", "Versions and labels"),
        *("Predictions and drift", "Processes", "GPU"),
    ] == ROWS


def test_rows_and_panels_that_the_runbook_names_exist() -> None:
    runbook = " ".join((ROOT / "docs/runbook.md").read_text().split())
    places = re.findall(r"row `([^`]+)`(?:: ([^.]*)\.)?", runbook)
    titles = {title for _, text in places for title in re.findall(r"`([^`]+)`", text)}
    assert places and {row for row, _ in places} <= set(ROWS)
    assert titles and titles <= {panel["title"] for panel in PANELS}


def test_variables_choose_the_source_the_pods_and_the_models() -> None:
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert list(variables) == ["datasource", "namespace", "pod", "instance", "model"]
    used = set(re.findall(r"\$(\w+)", json.dumps(PANELS)))
    assert used - {"__rate_interval"} == set(variables) - {"datasource"}
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in PANELS)


def test_panels_have_units_and_legends_and_fill_their_rows() -> None:
    for panel in PANELS:
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        many = len(panel["targets"]) > 1 or " by (" in panel["targets"][0]["expr"].partition("histogram_quantile")[0]
        if panel["type"] == "timeseries" and many:
            assert all(target["legendFormat"] != "__auto" for target in panel["targets"]), panel["title"]
    ends = Counter(panel["gridPos"]["y"] for panel in PANELS for _ in range(panel["gridPos"]["w"]))
    assert set(ends.values()) == {24}


def test_ids_are_unique() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
