"""Flask's rules as OpenAPI's paths, and the parameters in them."""

import re

from service.web.openapi.schemas import Schema

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_PLAIN = re.compile(r"<plain:(\w+)>")
_MAX_VERSION = (1 << 63) - 1

_DESCRIPTIONS = {
    "name": "The model's name, such as `digits`.",
    "version": "The number of a version of the model.",
    "label": "A label of the model, such as `stable` or `canary`.",
}


def to_path(rule: str) -> str:
    """`/predict/<name>` as `/predict/{name}`."""
    return _PARAMETER.sub(r"{\1}", rule)


def list_path_parameters(rule: str) -> list[Schema]:
    plain = _PLAIN.findall(rule)
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _DESCRIPTIONS[name],
            "schema": _make_schema(name, name in plain),
        }
        for name in _PARAMETER.findall(rule)
    ]


def _make_schema(name: str, plain: bool) -> Schema:
    if name == "version":
        return {"type": "integer", "format": "int64", "minimum": 0, "maximum": _MAX_VERSION}
    return {"type": "string", "minLength": 1, "pattern": "^[^/:]+$" if plain else "^[^/]+$"}
