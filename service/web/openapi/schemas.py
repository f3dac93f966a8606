"""JSON schemas of msgspec's types, with the named ones as components of the document."""

from collections.abc import Iterable
from typing import Any

import msgspec

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"


class Schemas:
    """The schemas of all types that the document speaks of, made at once, so that each gets one name."""

    def __init__(self, forms: Iterable[Any]) -> None:
        self._forms = {repr(form): form for form in forms}
        schemas, self.components = msgspec.json.schema_components(self._forms.values(), ref_template=_REFERENCE)
        self._schemas = dict(zip(self._forms, schemas, strict=True))

    def get(self, form: Any) -> Schema:
        """Of a type that the document was made with."""
        return self._schemas[repr(form)]
