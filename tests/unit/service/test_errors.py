"""The tree of errors: each has one code, and comes back from its code as itself."""

import pytest

from service import errors
from service.errors import InkpawError


def _tree(root: type[InkpawError]) -> list[type[InkpawError]]:
    """All that `service.errors` declares; others may refine them, under the same code."""
    children = (child for child in root.__subclasses__() if child.__module__ == errors.__name__)
    return [root, *(found for child in children for found in _tree(child))]


@pytest.mark.parametrize("kind", _tree(InkpawError), ids=lambda kind: kind.__name__)
def test_an_error_comes_back_from_its_code(kind: type[InkpawError]) -> None:
    again = errors.from_code(kind.code, "what went wrong")
    assert type(again) is kind
    assert (again.message, again.status) == ("what went wrong", kind.status)


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in _tree(InkpawError)]
    assert len(codes) == len(set(codes))


def test_unknown_code_is_an_internal_error() -> None:
    assert type(errors.from_code("from_a_later_version", "text")) is InkpawError


@pytest.mark.parametrize("kind", [errors.Overloaded, errors.Unavailable])
def test_refusal_has_retry_after(kind: type[InkpawError]) -> None:
    assert kind.status == 503
    assert kind.retry_after
