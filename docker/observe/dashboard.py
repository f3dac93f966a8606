"""Writes Grafana's dashboard: `python -m docker.observe.dashboard`, or `make observe`."""

import itertools
import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.builders.dashboard import Row as RowBuilder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from docker.observe.panels import engine, models, processes, requests
from docker.observe.panels.panel import DATASOURCE, INSTALLATION, POD

PATH = Path(__file__).with_name("dashboards") / "inkpaw.json"

# each variable's values depend on those before it
_VARIABLES = {
    "namespace": "label_values(inkpaw_build_info, namespace)",
    "pod": f"label_values(inkpaw_build_info{{{INSTALLATION}}}, pod)",
    "instance": f'label_values(inkpaw_build_info{{{INSTALLATION}, pod=~"$pod"}}, instance)',
    "model": f"label_values(inkpaw_model_state{{{POD}}}, model)",
}


def make_dashboard() -> str:
    dashboard = Dashboard("Inkpaw").uid("inkpaw").tags(["inkpaw"]).time("now-1h", "now").refresh("30s")
    dashboard.tooltip(DashboardCursorSync.CROSSHAIR).timezone("browser")
    dashboard.with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    for name, query in _VARIABLES.items():
        dashboard.with_variable(_make_variable(name, query))
    alerts = 'ALERTS{alertname=~"Inkpaw.*", alertstate="firing"}'
    dashboard.annotation(
        AnnotationQuery().name("Alerts").datasource(DATASOURCE).enable(True).icon_color("red").expr(alerts)
    )
    numbers = itertools.count(1)  # ids that stay: links to a panel have them
    for row in [*requests.list_rows(), *engine.list_rows(), *models.list_rows(), *processes.list_rows()]:
        dashboard.with_row(RowBuilder(row.title).id(next(numbers)))
        for panel in row.panels:
            dashboard.with_panel(panel.id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=2).encode(dashboard.build()) + "\n"


def list_queries(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The title of the panel and the PromQL of each query."""
    return [(panel["title"], target["expr"]) for panel in document["panels"] for target in panel.get("targets", [])]


def read_dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(PATH.read_text())
    return document


def _make_variable(name: str, query: str) -> QueryVariable:
    """Several values, all at first. All is `.*`, which fits a label that is missing, too: only Kubernetes has pods."""
    variable = QueryVariable(name).label(name.capitalize()).query(query).datasource(DATASOURCE)
    variable.multi(True).include_all(True).all_value(".*").current(VariableOption(True, ["All"], ["$__all"]))
    return variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)


if __name__ == "__main__":
    PATH.write_text(make_dashboard())
