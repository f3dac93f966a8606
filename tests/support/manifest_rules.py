"""What must hold for every rendered combination of manifests: each rule yields a sentence per fault.

Written for these manifests, after kube-linter's and Polaris' rules.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.manifests import Document, find, find_all

Faults = Iterator[str]
CLUSTER_KINDS = {"Namespace", "PriorityClass"}
MADE_ELSEWHERE = {
    ("Secret", "inkpaw-keys"),
    ("Secret", "inkpaw-model-store"),
    ("Secret", "inkpaw-tls"),
}  # they hold secrets: made by hand
RESTRICTED_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected"),
    "secret",
}
STOP_MARGIN = 15  # seconds for the engines' end
BYTES = {"Mi": 2**20, "Gi": 2**30}


def list_pods(documents: list[Document]) -> Iterator[tuple[str, Document]]:
    """Name and pod template of each workload."""
    for document in find_all(documents, "Deployment", "Job"):
        yield document["metadata"]["name"], document["spec"]["template"]


def list_containers(pod: Document) -> list[Document]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def list_servers(documents: list[Document]) -> Iterator[tuple[str, Document, Document]]:
    """Name, pod template and container of each Deployment of the service."""
    for document in find_all(documents, "Deployment"):
        template = document["spec"]["template"]
        yield document["metadata"]["name"], template, template["spec"]["containers"][0]


def matches(selector: Document, labels: Document) -> bool:
    return selector.items() <= labels.items()


def parse_bytes(quantity: str) -> int:
    return int(quantity[:-2]) * BYTES[quantity[-2:]]


def load_settings(documents: list[Document]) -> dict[str, str]:
    """What the ConfigMap of settings holds."""
    [data] = [
        d["data"] for d in find_all(documents, "ConfigMap") if d["metadata"]["name"].startswith("inkpaw-settings")
    ]
    return dict(data)


def check_restricted_profile(documents: list[Document]) -> Faults:
    for name, pod in list_pods(documents):
        spec = pod["spec"]
        context = spec.get("securityContext", {})
        if not context.get("runAsNonRoot") or not context.get("runAsUser"):
            yield f"{name} may run as root"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name} has no seccomp profile"
        if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{name} uses a namespace of the host"
        for volume in spec.get("volumes", []):
            if not volume.keys() - {"name"} <= RESTRICTED_VOLUMES:
                yield f"{name}: the profile forbids the volume {volume['name']}"
        for container in list_containers(pod):
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
                yield f"{name}/{container['name']} may gain privileges"
            if own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name}/{container['name']} has capabilities"
            if not own.get("readOnlyRootFilesystem"):
                yield f"{name}/{container['name']} can write to its root"
            if own.keys() & {"runAsUser", "runAsNonRoot"} and own.get("runAsNonRoot") is not True:
                yield f"{name}/{container['name']} may run as root"
    for namespace in find_all(documents, "Namespace"):
        if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield "the namespace does not enforce the restricted profile"


def check_no_token(documents: list[Document]) -> Faults:
    for name, pod in list_pods(documents):
        if pod["spec"].get("automountServiceAccountToken") is not False:
            yield f"{name} gets a token of its service account"
        if pod["spec"].get("enableServiceLinks") is not False:
            yield f"{name} gets INKPAW_PORT from a Service of that name"


def check_resources(documents: list[Document]) -> Faults:
    for name, pod in list_pods(documents):
        for container in list_containers(pod):
            resources = container.get("resources", {})
            for side in ("requests", "limits"):
                if not {"cpu", "memory"} <= resources.get(side, {}).keys():
                    yield f"{name}/{container['name']} has no {side} for CPU and memory"
        memory = [volume["emptyDir"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume]
        if not all("sizeLimit" in volume for volume in memory):
            yield f"{name} has an emptyDir without a bound"


def check_volumes(documents: list[Document]) -> Faults:
    for name, pod in list_pods(documents):
        volumes = [volume["name"] for volume in pod["spec"].get("volumes", [])]
        mounts = [mount for container in list_containers(pod) for mount in container.get("volumeMounts", [])]
        if set(volumes) != {mount["name"] for mount in mounts} or len(volumes) != len(set(volumes)):
            yield f"{name}: volumes {volumes} are not those that are mounted"
        if any("subPath" in mount for mount in mounts):
            yield f"{name}: a subPath is not updated when its ConfigMap changes"


def _list_references(pod: Document) -> Iterator[tuple[str, str]]:
    spec = pod["spec"]
    for volume in spec.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in list_containers(pod):
        for source in container.get("envFrom", []):
            [key] = source
            yield {"configMapRef": "ConfigMap", "secretRef": "Secret"}[key], source[key]["name"]
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"]
    if "priorityClassName" in spec:
        yield "PriorityClass", spec["priorityClassName"]


def check_references(documents: list[Document]) -> Faults:
    made = {(document["kind"], document["metadata"]["name"]) for document in documents} | MADE_ELSEWHERE
    for name, pod in list_pods(documents):
        for kind, other in _list_references(pod):
            if (kind, other) not in made:
                yield f"{name} names {kind} {other}, which there is not"
    for document in find_all(documents, "HorizontalPodAutoscaler", "ScaledObject"):
        target = document["spec"]["scaleTargetRef"]
        if (target.get("kind", "Deployment"), target["name"]) not in made:
            yield f"the autoscaler's target {target['name']} is not there"


def check_ports(documents: list[Document]) -> Faults:
    ports = {port["name"] for _, _, server in list_servers(documents) for port in server["ports"]}
    for service in find_all(documents, "Service"):
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in ports or "name" not in port or "appProtocol" not in port:
                yield f"Service {service['metadata']['name']}: port {port} has no name, protocol or target"
    for document in find_all(documents, "PodMonitor"):
        if not {endpoint["port"] for endpoint in document["spec"]["podMetricsEndpoints"]} <= ports:
            yield "the PodMonitor's port is not there"
    for _, _, server in list_servers(documents):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if server.get(probe, {}).get("httpGet", {}).get("port") not in ports:
                yield f"{probe} has no named port"


def check_backends(documents: list[Document]) -> Faults:
    services = {s["metadata"]["name"]: s["spec"]["ports"] for s in find_all(documents, "Service")}
    for ingress in find_all(documents, "Ingress"):
        for path in (path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]):
            backend = path["backend"]["service"]
            if backend["port"]["name"] not in {port["name"] for port in services.get(backend["name"], [])}:
                yield f"the Ingress' backend {backend['name']} is not there"
    for route in find_all(documents, "HTTPRoute"):
        for backend in (backend for rule in route["spec"]["rules"] for backend in rule["backendRefs"]):
            if backend["port"] not in {port["port"] for port in services.get(backend["name"], [])}:
                yield f"the HTTPRoute's backend {backend['name']} is not there"


def check_selectors(documents: list[Document]) -> Faults:
    templates = [template["metadata"]["labels"] for _, template, _ in list_servers(documents)]
    for deployment in find_all(documents, "Deployment"):
        chosen = [labels for labels in templates if matches(deployment["spec"]["selector"]["matchLabels"], labels)]
        if chosen != [deployment["spec"]["template"]["metadata"]["labels"]]:
            yield f"{deployment['metadata']['name']} selects other pods than its own"
    for service in find_all(documents, "Service"):
        if not any(matches(service["spec"]["selector"], labels) for labels in templates):
            yield f"Service {service['metadata']['name']} selects nothing"
    for kind, key in (
        ("PodDisruptionBudget", "selector"),
        ("NetworkPolicy", "podSelector"),
        ("PodMonitor", "selector"),
    ):
        for document in find_all(documents, kind):
            if not all(matches(document["spec"][key]["matchLabels"], labels) for labels in templates):
                yield f"the {kind} does not select every pod of the service"


def check_network(documents: list[Document]) -> Faults:
    [policy] = find_all(documents, "NetworkPolicy") or [None]
    if policy is None:
        yield "there is no NetworkPolicy"
        return
    spec = policy["spec"]
    if set(spec["policyTypes"]) != {"Ingress", "Egress"}:
        yield "the NetworkPolicy does not bound both directions"
    for rule in spec["ingress"]:
        if not rule.get("from") or any(set(source) - {"namespaceSelector", "podSelector"} for source in rule["from"]):
            yield "the NetworkPolicy lets anybody in"
        if any(not next(iter(source.values())) for source in rule.get("from", [])):
            yield "the NetworkPolicy lets every namespace in"
    copies = any("initContainers" in template["spec"] for _, template, _ in list_servers(documents))
    out = {port["port"] for rule in spec["egress"] for port in rule.get("ports", [{"port": "all"}])}
    if out != {53, 443} if copies else out != {53}:
        yield f"the NetworkPolicy lets out to ports {out}"


def check_disruptions(documents: list[Document]) -> Faults:
    if not find_all(documents, "PodDisruptionBudget"):
        yield "there is no PodDisruptionBudget"
    for budget in find_all(documents, "PodDisruptionBudget"):
        if budget["spec"].get("maxUnavailable") != 1:
            yield "the PodDisruptionBudget may block the drain of a node"
    for deployment in find_all(documents, "Deployment"):
        name, spec = deployment["metadata"]["name"], deployment["spec"]
        if spec["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
            yield f"{name}: a rollout takes pods away before new ones answer"
        constraints = spec["template"]["spec"].get("topologySpreadConstraints", [])
        spread = {constraint["topologyKey"] for constraint in constraints}
        terms = spec["template"]["spec"]["affinity"]["podAntiAffinity"][
            "preferredDuringSchedulingIgnoredDuringExecution"
        ]
        apart = {term["podAffinityTerm"]["topologyKey"] for term in terms}
        if not {"topology.kubernetes.io/zone", "kubernetes.io/hostname"} <= spread | apart:
            yield f"{name} is not spread over zones and nodes"


def check_probes(documents: list[Document]) -> Faults:
    for deployment in find_all(documents, "Deployment"):
        name, server = deployment["metadata"]["name"], deployment["spec"]["template"]["spec"]["containers"][0]
        paths = {probe: server[probe]["httpGet"]["path"] for probe in server if probe.endswith("Probe")}
        if paths != {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}:
            yield f"{name} has the probes {paths}"
        startup = server["startupProbe"]["periodSeconds"] * server["startupProbe"]["failureThreshold"]
        if startup < 600:
            yield f"{name}: a load of {startup} s is killed"
        if deployment["spec"]["progressDeadlineSeconds"] <= startup:
            yield f"{name}: a rollout fails while a pod may still start"


def check_schemes(documents: list[Document]) -> Faults:
    """Whoever asks the pods speaks what their settings say, HTTP or HTTPS."""
    is_encrypted = "INKPAW_TLS_CERT" in load_settings(documents)
    scheme = "https" if is_encrypted else "http"
    for name, _, server in list_servers(documents):
        for probe in (server[probe] for probe in server if probe.endswith("Probe")):
            if probe["httpGet"].get("scheme", "HTTP").lower() != scheme:
                yield f"{name}: a probe does not speak {scheme}"
    for monitor in find_all(documents, "PodMonitor"):
        if any(endpoint.get("scheme", "http") != scheme for endpoint in monitor["spec"]["podMetricsEndpoints"]):
            yield f"the PodMonitor does not speak {scheme}"
    for service in find_all(documents, "Service"):
        for port in service["spec"]["ports"]:
            if port["targetPort"] == "http" and port["appProtocol"] != scheme:
                yield f"Service {service['metadata']['name']} does not say {scheme}"
    if is_encrypted and find_all(documents, "Ingress", "HTTPRoute"):
        yield "a proxy that asks in plain HTTP is before pods that speak HTTPS"


def _list_stops(documents: list[Document]) -> Iterator[tuple[str, Document, Document, dict[str, str]]]:
    """Name, fields of the pod, container and settings of each server, also of KServe's."""
    for name, template, server in list_servers(documents):
        yield name, template["spec"], server, load_settings(documents)
    for service in find_all(documents, "InferenceService"):
        predictor = service["spec"]["predictor"]
        [server] = find(documents, "ServingRuntime", predictor["model"]["runtime"])["spec"]["containers"]
        settings = {variable["name"]: variable["value"] for variable in server["env"]}
        yield service["metadata"]["name"], predictor, server, settings


def check_termination(documents: list[Document]) -> Faults:
    """terminationGracePeriodSeconds counts from the start of preStop."""
    for name, pod, server, settings in _list_stops(documents):
        drain, grace = (float(settings[f"INKPAW_{name}_SECONDS"]) for name in ("DRAIN", "GRACE"))
        before = server["lifecycle"]["preStop"]["sleep"]["seconds"]
        if pod.get("terminationGracePeriodSeconds") != before + drain + grace + STOP_MARGIN:
            yield f"{name}: the grace period is not {before} + {drain} + {grace} + {STOP_MARGIN} s"
        ready = server["readinessProbe"]
        if drain <= ready["periodSeconds"] * ready["failureThreshold"]:  # the last check takes some time itself
            yield f"{name}: the drain ends before a load balancer with the same probe has noticed"


def check_replicas(documents: list[Document]) -> Faults:
    scaled = bool(find_all(documents, "HorizontalPodAutoscaler", "ScaledObject", "Rollout"))
    if ("replicas" in find(documents, "Deployment")["spec"]) == scaled:
        yield "the Deployment has a number of replicas exactly where nothing else sets it"


def check_namespace(documents: list[Document]) -> Faults:
    for document in documents:
        if document["kind"] not in CLUSTER_KINDS and document["metadata"].get("namespace") != "inkpaw":
            yield f"{document['kind']} {document['metadata']['name']} is in no namespace, or in another one"


def check_names(documents: list[Document]) -> Faults:
    names = [(document["kind"], document["metadata"]["name"]) for document in documents]
    if len(names) != len(set(names)):
        yield "two documents have one name"
    for _, pod in list_pods(documents):
        for container in list_containers(pod):
            if not re.fullmatch(r"(inkpaw|inkpaw-canary)|[\w./-]+:[\w.-]+", container["image"]):
                yield f"the image {container['image']} has no tag, which is `latest`"
            if container["image"].endswith(":latest"):
                yield "an image is `latest`"


def check_room_in_memory(documents: list[Document]) -> Faults:
    """A volume in memory counts to the container's limit."""
    for name, template, server in list_servers(documents):
        volumes: list[dict[str, Any]] = [volume.get("emptyDir", {}) for volume in template["spec"]["volumes"]]
        held = sum(parse_bytes(volume["sizeLimit"]) for volume in volumes if volume.get("medium") == "Memory")
        if held > parse_bytes(server["resources"]["limits"]["memory"]) / 8:
            yield f"{name}: volumes in memory may take more than an eighth of its limit"


RULES: tuple[Callable[[list[Document]], Faults], ...] = (
    check_restricted_profile,
    check_no_token,
    check_resources,
    check_volumes,
    check_references,
    check_ports,
    check_backends,
    check_selectors,
    check_network,
    check_disruptions,
    check_probes,
    check_schemes,
    check_termination,
    check_replicas,
    check_namespace,
    check_names,
    check_room_in_memory,
)


def find_faults(documents: list[Document]) -> list[str]:
    return [fault for rule in RULES for fault in rule(documents)]
