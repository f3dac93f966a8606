"""The body of a predict call: `instances` in rows or `inputs` in columns, both brought to the JSON of each input."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from service.errors import BadRequest
from service.web.body import give_turn, parse_json
from service.web.codecs.not_finite import quote_words

_MISSING = msgspec.Raw(b"")
_Rows = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="One element per row: the row's tensor, or an object of tensors by input.",
        extra_json_schema={"type": "array", "minItems": 1},
    ),
]
_Columns = Annotated[msgspec.Raw, msgspec.Meta(description="A tensor, or an object of tensors by input.")]
_OBJECTS = re.compile(rb"[\s\[]*\{")
_OBJECT = re.compile(rb"\s*\{")
_ROW_OBJECT = re.compile(rb"\s*\[\s*\{")
_BASE64 = re.compile(rb'\{\s*"b64"\s*:')
_LIST = re.compile(rb"\s*\[")
_EMPTY_LIST = re.compile(rb"\s*\[\s*\]")


class PredictRequest(msgspec.Struct):
    """Either `instances`, which are rows, or `inputs`, which are columns. An empty signature is the default one."""

    signature_name: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    instances: _Rows = msgspec.field(default_factory=lambda: _MISSING)
    inputs: _Columns = msgspec.field(default_factory=lambda: _MISSING)

    @property
    def in_rows(self) -> bool:
        return memoryview(self.instances).nbytes > 0  # as bytes it would be copied

    def split_columns(self, names: Sequence[str]) -> dict[str, bytes]:
        """The JSON of each input of the signature. Raises BadRequest."""
        data = bytes(self.instances if self.in_rows else self.inputs)
        give_turn(len(data))
        return _split_rows(data, names) if self.in_rows else _split(data, names)


def read_predict_request(body: bytes) -> PredictRequest:
    """Raises BadRequest."""
    request = parse_json(quote_words(body), PredictRequest)
    if request.in_rows == bool(memoryview(request.inputs).nbytes):
        raise BadRequest("The request must have either 'instances', for rows, or 'inputs', for columns.")
    if request.in_rows and not _LIST.match(request.instances):
        raise BadRequest("'instances' must be a list, with one element per row.")
    if _EMPTY_LIST.fullmatch(request.instances):
        raise BadRequest("'instances' is empty.")
    return request


def holds_objects(data: bytes) -> bool:
    """Whether the first element of the nested lists is an object."""
    return _OBJECTS.match(data) is not None


def _split_rows(instances: bytes, names: Sequence[str]) -> dict[str, bytes]:
    if not _is_named(_ROW_OBJECT.match(instances), instances, names):
        return {_get_only(names, "each instance"): instances}
    form: Any = list[_make_form(tuple(names), True)]  # type: ignore[misc]
    rows: list[Any] = parse_json(instances, form)
    return {name: b"[" + b",".join([bytes(row[index]) for row in rows]) + b"]" for index, name in enumerate(names)}


def _split(inputs: bytes, names: Sequence[str]) -> dict[str, bytes]:
    if not _is_named(_OBJECT.match(inputs), inputs, names):
        return {_get_only(names, "'inputs'"): inputs}
    columns = parse_json(inputs, _make_form(tuple(names), False))
    return {name: bytes(columns[index]) for index, name in enumerate(names)}


def _is_named(match: re.Match[bytes] | None, data: bytes, names: Sequence[str]) -> bool:
    """Whether the object that begins there is one of inputs by name, and not `{"b64": ...}`."""
    if match is None:
        return False
    return ("b64" in names and len(names) > 1) or _BASE64.match(data, match.end() - 1) is None


def _get_only(names: Sequence[str], what: str) -> str:
    if len(names) > 1:
        raise BadRequest(f"The signature has several inputs, so {what} must be an object of {', '.join(names)}.")
    return names[0]


@lru_cache(64)
def _make_form(names: tuple[str, ...], strict: bool) -> Any:
    """An object with these keys, and with `strict` no others. A dict would grow with whatever keys a client sends."""
    fields = [(f"field{index}", msgspec.Raw, msgspec.field(name=name)) for index, name in enumerate(names)]
    return msgspec.defstruct(
        "Inputs",
        fields,
        namespace={"__getitem__": lambda self, index: getattr(self, f"field{index}")},
        forbid_unknown_fields=strict,
    )
