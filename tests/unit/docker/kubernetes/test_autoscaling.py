"""The autoscalers have the targets and the behaviour that were simulated, and the page is that of the simulation."""

from fractions import Fraction
from typing import Any

from tests.bench.autoscaling import hpa
from tests.bench.autoscaling.candidates import CHOSEN, choose_target
from tests.bench.autoscaling.day import MEAN_SECONDS
from tests.bench.autoscaling.page import PATH, make_page
from tests.support.manifests import KUBERNETES, Document, find, render


def load_hpa() -> Document:
    spec: Document = find(render("overlays/cpu", "components/autoscale-hpa"), "HorizontalPodAutoscaler")["spec"]
    return spec


def load_scaled_object() -> Document:
    spec: Document = find(render("overlays/cpu", "components/autoscale-keda"), "ScaledObject")["spec"]
    return spec


def parse_quantity(text: str) -> Fraction:
    return Fraction(text.removesuffix("m")) / (1000 if text.endswith("m") else 1)


def read_target(metric: dict[str, Any]) -> tuple[str, Fraction]:
    if metric["type"] == "Resource":
        return metric["resource"]["name"], Fraction(metric["resource"]["target"]["averageUtilization"], 100)
    pods = metric["pods"]
    return pods["metric"]["name"].removeprefix("inkpaw_"), parse_quantity(pods["target"]["averageValue"])


def test_targets_are_the_chosen_ones() -> None:
    chosen = {name: Fraction(str(value)) for name, value in CHOSEN.values.items()}
    assert dict(map(read_target, load_hpa()["metrics"])) == chosen
    *queries, cpu = load_scaled_object()["triggers"]
    names = ("engine_utilisation", "queue_age_seconds", "in_flight_share")
    for name, trigger in zip(names, queries, strict=True):
        assert f"inkpaw_{name.removesuffix('_share')}" in trigger["metadata"]["query"]
        assert Fraction(trigger["metadata"]["threshold"]) == chosen[name]
    assert Fraction(cpu["metadata"]["value"]) / 100 == chosen["cpu"]


def test_behaviour_is_the_simulated_one() -> None:
    spec = load_hpa()
    up = {"type": "Percent", "value": hpa.UP_PERCENT, "periodSeconds": hpa.UP_PERIOD}
    down = {"type": "Percent", "value": hpa.DOWN_PERCENT, "periodSeconds": hpa.DOWN_PERIOD}
    assert spec["behavior"] == {
        "scaleUp": {"stabilizationWindowSeconds": 0, "policies": [up]},
        "scaleDown": {"stabilizationWindowSeconds": hpa.DOWN_WINDOW, "policies": [down]},
    }
    assert (spec["minReplicas"], spec["maxReplicas"]) == (hpa.MIN_PODS, hpa.MAX_PODS)
    keda = load_scaled_object()
    assert keda["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"] == spec["behavior"]["scaleDown"]
    assert (keda["minReplicaCount"], keda["maxReplicaCount"]) == (hpa.MIN_PODS, hpa.MAX_PODS)
    rules = (KUBERNETES / "components/autoscale-hpa/adapter-rules.yaml").read_text()
    assert MEAN_SECONDS == 60 and rules.count("[1m]") == 4


def test_page_is_that_of_the_simulation_and_targets_follow_from_it() -> None:
    assert PATH.read_text() == make_page(), "run python -m tests.bench.autoscaling"
    for name in ("engine_utilisation", "cpu"):
        assert CHOSEN.values[name] == choose_target(name)
