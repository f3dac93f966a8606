"""Every document is valid for every supported version of Kubernetes, or by its custom resource's API."""

from pathlib import Path

import pytest

from tests.support.manifests import Combination, list_combinations, list_plain_files, parse, render
from tests.support.schemas import find_schema_faults


@pytest.mark.parametrize("combination", list_combinations(), ids="+".join)
def test_documents_of_a_combination_are_valid(combination: Combination) -> None:
    assert [fault for document in render(*combination) for fault in find_schema_faults(document)] == []


@pytest.mark.parametrize("path", list_plain_files(), ids=lambda path: path.name)
def test_documents_of_a_file_are_valid(path: Path) -> None:
    assert [fault for document in parse(path.read_text()) for fault in find_schema_faults(document)] == []


def test_batch_job_is_valid() -> None:
    assert [fault for document in render("others/batch") for fault in find_schema_faults(document)] == []


@pytest.mark.parametrize(
    ("overlay", "component", "kind", "change"),
    [
        ("overlays/cpu", "components/canary", "HTTPRoute", {"hostname": "a"}),
        ("overlays/cpu", "components/autoscale-keda", "ScaledObject", {"fallback": {"replicas": 1}}),
        ("overlays/cpu", "components/autoscale-keda", "ScaledObject", {"minReplicaCount": "2"}),
        ("overlays/cpu", "components/autoscale-hpa", "HorizontalPodAutoscaler", {"minReplica": 2}),
        ("overlays/cpu", "components/prometheus-operator", "PodMonitor", {"podMetricsEndpoint": []}),
        ("overlays/cpu", "components/prometheus-operator", "PrometheusRule", {"groups": [{"name": "a", "rule": []}]}),
    ],
)
def test_a_wrong_field_is_noticed(overlay: str, component: str, kind: str, change: dict[str, object]) -> None:
    [document] = [document for document in render(overlay, component) if document["kind"] == kind]
    document["spec"].update(change)
    assert find_schema_faults(document) != []


def test_a_wrong_field_of_a_pod_in_a_custom_resource_is_noticed() -> None:
    for path in list_plain_files():
        for text in ("readOnlyRootFilesystem", "mountPath"):
            documents = parse(path.read_text().replace(text, "x" + text))
            assert any(find_schema_faults(document) for document in documents), path
