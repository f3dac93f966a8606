"""Every overlay renders with every combination of components, and keeps every rule."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.manifest_rules import RULES, check_termination, find_faults, load_settings
from tests.support.manifests import (
    KUBERNETES,
    Combination,
    Document,
    find,
    find_all,
    get_server,
    list_combinations,
    parse,
    render,
)

ALL = max((c for c in list_combinations() if c[0] == "overlays/cpu"), key=len)


@pytest.mark.parametrize("combination", list_combinations(), ids="+".join)
def test_combination_renders_and_keeps_every_rule(combination: Combination) -> None:
    documents = render(*combination)
    assert find_faults(documents) == []


def get_pod(documents: list[Document]) -> Document:
    spec: Document = find(documents, "Deployment")["spec"]["template"]["spec"]
    return spec


# one change that each rule must notice
BREAKS: dict[str, Callable[[list[Document]], Any]] = {
    "check_restricted_profile": lambda d: get_server(d)["securityContext"].pop("capabilities"),
    "check_no_token": lambda d: get_pod(d).pop("enableServiceLinks"),
    "check_resources": lambda d: get_server(d)["resources"]["limits"].pop("cpu"),
    "check_volumes": lambda d: get_server(d)["volumeMounts"].pop(),
    "check_references": lambda d: d.remove(find(d, "ServiceAccount")),
    "check_ports": lambda d: find(d, "Service")["spec"]["ports"][0].update(targetPort="web"),
    "check_backends": lambda d: d.remove(find(d, "Service", "inkpaw-canary")),
    "check_selectors": lambda d: find(d, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"].update(a="b"),
    "check_network": lambda d: find(d, "NetworkPolicy")["spec"]["ingress"][0]["from"].append({"namespaceSelector": {}}),
    "check_disruptions": lambda d: find(d, "PodDisruptionBudget")["spec"].update(maxUnavailable=0),
    "check_probes": lambda d: get_server(d)["livenessProbe"]["httpGet"].update(path="/readyz"),
    "check_schemes": lambda d: get_server(d)["livenessProbe"]["httpGet"].update(scheme="HTTPS"),
    "check_termination": lambda d: get_pod(d).update(terminationGracePeriodSeconds=30),
    "check_replicas": lambda d: find(d, "Deployment")["spec"].update(replicas=2),
    "check_namespace": lambda d: find(d, "Ingress")["metadata"].pop("namespace"),
    "check_names": lambda d: get_server(d).update(image="inkpaw:latest"),
    "check_room_in_memory": lambda d: get_pod(d)["volumes"].append(
        {"name": "big", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_notices_a_break(rule: Callable[[list[Document]], Any]) -> None:
    documents = render(*ALL)
    assert list(rule(documents)) == []
    BREAKS[rule.__name__](documents)
    assert list(rule(documents)) != []


@pytest.mark.parametrize("overlay", ["overlays/cpu", "overlays/gpu"])
def test_order_of_components_makes_no_difference(overlay: str) -> None:
    names = ["components/canary", "components/priority-class", "components/model-volume/object-storage"]
    assert sorted(map(str, render(overlay, *names))) == sorted(map(str, render(overlay, *reversed(names))))


def test_canary_is_the_stable_deployment_with_another_image_and_label() -> None:
    documents = render("overlays/gpu", "components/model-volume/claim", "components/canary")
    stable, canary = find(documents, "Deployment"), find(documents, "Deployment", "inkpaw-canary")
    spec = canary["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (1, "inkpaw-canary")
    for labels in (spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"]):
        assert labels["inkpaw/track"] == "canary"
        labels["inkpaw/track"] = "stable"
    spec["replicas"], spec["template"]["spec"]["containers"][0]["image"] = 2, "inkpaw"
    assert spec == stable["spec"]


def test_weights_of_the_canary_add_up_to_100() -> None:
    [rule] = find(render("overlays/cpu", "components/canary"), "HTTPRoute")["spec"]["rules"]
    assert sum(backend["weight"] for backend in rule["backendRefs"]) == 100


def test_change_of_a_setting_rolls_the_pods_and_change_of_a_policy_does_not() -> None:
    documents = render("overlays/cpu")
    [source] = get_server(documents)["envFrom"]
    assert source["configMapRef"]["name"].startswith("inkpaw-settings-")  # the hash of its content
    assert find(documents, "ConfigMap", "inkpaw-policies")


def test_gpu_overlay_asks_for_one_gpu_per_engine() -> None:
    documents = render("overlays/gpu")
    pod, server = get_pod(documents), get_server(documents)
    assert server["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert pod["runtimeClassName"] == "nvidia" and pod["nodeSelector"] and pod["tolerations"]
    [shm] = [mount for mount in server["volumeMounts"] if mount["mountPath"] == "/dev/shm"]
    assert {"name": shm["name"], "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}} in pod["volumes"]
    cpu = get_server(render("overlays/cpu"))["startupProbe"]
    assert server["startupProbe"]["failureThreshold"] > cpu["failureThreshold"]


def test_dev_overlay_is_one_small_replica() -> None:
    documents = render("overlays/dev")
    assert find(documents, "Deployment")["spec"]["replicas"] == 1
    assert get_server(documents)["resources"]["limits"]["cpu"] == "1"


@pytest.mark.parametrize("kind", ["claim", "image", "object-storage"])
def test_models_of_a_volume_are_those_that_are_served(kind: str) -> None:
    documents = render("overlays/cpu", f"components/model-volume/{kind}")
    [settings] = [d["data"] for d in find_all(documents, "ConfigMap") if "INKPAW_GRACE_SECONDS" in d["data"]]
    [mount] = [m for m in get_server(documents)["volumeMounts"] if m["mountPath"] == settings["INKPAW_MODEL_DIR"]]
    assert mount["readOnly"] and mount["name"] == "models"


def test_grpc_has_one_port_from_setting_to_service() -> None:
    documents = render("overlays/cpu", "components/grpc", "components/canary")
    [service] = find(documents, "Service", "inkpaw-grpc")["spec"]["ports"]
    assert (service["port"], service["appProtocol"]) == (int(load_settings(documents)["INKPAW_GRPC_PORT"]), "grpc")
    for name in ("inkpaw", "inkpaw-canary"):
        [container] = find(documents, "Deployment", name)["spec"]["template"]["spec"]["containers"]
        assert {"name": service["targetPort"], "containerPort": service["port"]} in container["ports"]
    [rule] = find(documents, "NetworkPolicy")["spec"]["ingress"]
    assert "grpc" in [port["port"] for port in rule["ports"]]


def test_server_of_kserve_stops_as_that_of_the_base() -> None:
    documents = parse((KUBERNETES / "others/kserve/kserve.yaml").read_text())
    assert list(check_termination(documents)) == []
    service = find(documents, "InferenceService", "digits")
    assert service["metadata"]["annotations"] == {"serving.kserve.io/deploymentMode": "Standard"}
    [server] = find(documents, "ServingRuntime")["spec"]["containers"]
    base = load_settings(render("overlays/cpu"))
    for name in ("INKPAW_DRAIN_SECONDS", "INKPAW_GRACE_SECONDS"):
        assert {"name": name, "value": base[name]} in server["env"]
    service["spec"]["predictor"].pop("terminationGracePeriodSeconds")
    assert list(check_termination(documents)) != []


def test_certificate_is_read_where_it_is_mounted() -> None:
    documents = render("overlays/cpu", "components/tls")
    settings, server = load_settings(documents), get_server(documents)
    [mount] = [mount for mount in server["volumeMounts"] if mount["name"] == "tls"]
    for name, key in (("CERT", "tls.crt"), ("KEY", "tls.key")):  # the keys of every Secret of type kubernetes.io/tls
        assert settings[f"INKPAW_TLS_{name}"] == f"{mount['mountPath']}/{key}"


@pytest.mark.parametrize("component", ["components/ingress", "components/canary"])
def test_proxy_before_encrypted_pods_is_noticed(component: str) -> None:
    assert find_faults(render("overlays/cpu", component, "components/tls"))
