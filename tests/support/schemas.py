"""Validates manifests: Kubernetes' own kinds by its schemas, custom resources by `crd_schemas.yaml`."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from tests.support.manifests import Document

VERSIONS = ("1.34", "1.35", "1.36", "1.37")  # what Kubernetes supports; 1.34 is the oldest with all fields in use
_NATIVE = {"any": {}, "pod": {}, "container": {}, "volume": {}}
_POD_PARTS = ("pod", "container", "volume")


@cache
def load_crd_schemas() -> dict[tuple[str, str], Any]:
    text = Path(__file__).with_name("crd_schemas.yaml").read_text()
    return {tuple(key.split()): spec for key, spec in yaml.safe_load(text).items()}  # type: ignore[misc]


def to_json_schema(node: Any) -> dict[str, Any]:
    if isinstance(node, list):
        return {"type": "array", "items": to_json_schema(node[0])}
    if isinstance(node, dict):
        fields = {name.rstrip("!"): to_json_schema(child) for name, child in node.items() if name not in ("*", "+")}
        others = True if "+" in node else to_json_schema(node["*"]) if "*" in node else False
        required = [name[:-1] for name in node if name.endswith("!")]
        return {"type": "object", "properties": fields, "additionalProperties": others, "required": required}
    if " | " in node:
        return {"enum": node.split(" | ")}
    return _NATIVE.get(node, {"type": node})


def list_pod_parts(node: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """Each pod, container and volume in a custom resource, with its kind."""
    if node in _POD_PARTS:
        yield node, value
    elif isinstance(node, list) and isinstance(value, list):
        for child in value:
            yield from list_pod_parts(node[0], child)
    elif isinstance(node, dict) and isinstance(value, dict):
        fields = {name.rstrip("!"): child for name, child in node.items()}
        for name, child in value.items():
            yield from list_pod_parts(fields.get(name, fields.get("*", "any")), child)
        if "+" in fields:
            yield fields["+"], {name: child for name, child in value.items() if name not in fields}


def to_pod(parts: list[tuple[str, Any]]) -> Document:
    """A pod of those parts, for Kubernetes' schema."""
    spec: Document = {"containers": [value for kind, value in parts if kind == "container"]}
    spec["volumes"] = [value for kind, value in parts if kind == "volume"]
    for kind, value in parts:
        if kind == "pod":
            spec = value
    for container in spec["containers"]:
        container.setdefault("name", "unnamed")  # Knative names it
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}


@cache
def _validate_text(text: str, version: str) -> tuple[str, ...]:
    document = json.loads(text)
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return (f"{document['kind']}, {'/'.join(map(str, error.path))}, Kubernetes {version}: {error.message}",)
    return ()


def find_schema_faults(document: Document) -> list[str]:
    """What the schemas of every supported version say against it; an unknown kind is an error."""
    crd = load_crd_schemas().get((document["apiVersion"], document["kind"]))
    if crd is None:
        return [fault for version in VERSIONS for fault in _validate_text(json.dumps(document), version)]
    validator = jsonschema.Draft202012Validator(to_json_schema(crd))
    faults = [
        f"{document['kind']}, {error.json_path}: {error.message}" for error in validator.iter_errors(document["spec"])
    ]
    if set(document) != {"apiVersion", "kind", "metadata", "spec"} or not document["metadata"].get("name"):
        faults.append(f"{document['kind']} has other fields than a custom resource")
    parts = list(list_pod_parts(crd, document["spec"]))
    if parts:
        faults += find_schema_faults(json.loads(json.dumps(to_pod(parts))))
    return faults
