"""How the panels look, and what their queries are limited to."""

from typing import Any, NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = DataSourceRef("prometheus", "${datasource}")
INSTALLATION = 'namespace=~"$namespace"'
POD = f'{INSTALLATION}, pod=~"$pod", instance=~"$instance"'
MODEL = f'{POD}, model=~"$model"'
BY_POD = "{{pod}} {{instance}}"  # Kubernetes has both, others only the instance

_PLACES = {"<installation>": INSTALLATION, "<pod>": POD, "<model>": MODEL, "<interval>": "[$__rate_interval]"}
_FULL_WIDTH = 24

AnyPanel = Any  # the builders of the SDK share no type with these methods


class Query(NamedTuple):
    """PromQL, in which `<installation>`, `<pod>` and `<model>` stand for what the dashboard's variables select, and
    `<interval>` for the shortest range with two scrapes."""

    expr: str
    legend: str = "__auto"


class Row(NamedTuple):
    title: str
    panels: list[AnyPanel]


def plot(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    width: int = 8,
    stack: bool = False,
    top: float | None = None,
    limits: tuple[float, ...] = (),
) -> AnyPanel:
    """Lines over time. `limits` are drawn: above the first it is yellow, above the last it is red."""
    panel = timeseries.Panel().fill_opacity(10).show_points(options.VisibilityMode.NEVER)
    legend = common.VizLegendOptions().show_legend(True).calcs(["lastNotNull", "max"])
    panel.legend(legend.display_mode(options.LegendDisplayMode.TABLE).placement(options.LegendPlacement.BOTTOM))
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING))
    if stack:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A")).fill_opacity(40)
    if top is not None:
        panel.axis_soft_max(top)
    if limits:
        panel.thresholds(_make_thresholds(limits))
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(options.GraphTresholdsStyleMode.DASHED)  # the SDK's spelling
        )
    return _finish(panel.min(0), title, description, unit, queries, width, 8)


def show_value(
    title: str, description: str, unit: str, query: Query, limits: tuple[float, ...] = (), width: int = 3
) -> AnyPanel:
    """The last value, large, on its line over time."""
    panel = stat.Panel().graph_mode(options.BigValueGraphMode.AREA).color_mode(options.BigValueColorMode.VALUE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).thresholds(_make_thresholds(limits))
    return _finish(panel, title, description, unit, [query], width, 4)


def show_name(title: str, description: str, query: Query, width: int = 8) -> AnyPanel:
    """What the legend says, large, and how often."""
    panel = stat.Panel().graph_mode(options.BigValueGraphMode.NONE).color_mode(options.BigValueColorMode.NONE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.text_mode(options.BigValueTextMode.VALUE_AND_NAME)
    return _finish(panel, title, description, "none", [query], width, 8)


def show_states(title: str, description: str, query: Query, width: int = 8) -> AnyPanel:
    """A bar per series, coloured by its value: red for 0."""
    panel = statetimeline.Panel().merge_values(True).row_height(0.8).show_value(options.VisibilityMode.AUTO)
    panel.thresholds(_make_thresholds((1.0,), ("red", "green")))
    return _finish(panel, title, description, "none", [query], width, 8)


def show_heatmap(title: str, description: str, unit: str, query: Query, width: int = 8) -> AnyPanel:
    """A histogram's buckets over time."""
    panel = heatmap.Panel().calculate(False).y_axis(heatmap.YAxisConfig().unit(unit))
    panel.color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
    return _finish(panel, title, description, unit, [query], width, 8, PromQueryFormat.HEATMAP)


def _finish(
    panel: AnyPanel,
    title: str,
    description: str,
    unit: str,
    queries: Any,
    width: int,
    height: int,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> AnyPanel:
    assert width <= _FULL_WIDTH
    panel.title(title).description(description).unit(unit).datasource(DATASOURCE).span(width).height(height)
    for index, query in enumerate(queries):
        target = prometheus.Dataquery().expr(_fill_in(query.expr)).legend_format(query.legend).format(form).range()
        panel.with_target(target.ref_id(chr(ord("A") + index)))
    return panel


def _fill_in(expr: str) -> str:
    for place, text in _PLACES.items():
        expr = expr.replace(place, text)
    return " ".join(expr.split())


def _make_thresholds(limits: tuple[float, ...], colours: tuple[str, ...] = ()) -> dashboard.ThresholdsConfig:
    colours = colours or ("green", "yellow", "red")
    if len(limits) == 1 and len(colours) == 3:
        colours = ("green", "red")
    steps = [Threshold(None, colours[0])]
    steps += [Threshold(limit, colour) for limit, colour in zip(limits, colours[1:], strict=False)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
