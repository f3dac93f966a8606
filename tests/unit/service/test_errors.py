"""The tree of errors: every class has its own code, and its code gives the class back."""

import pytest

from service import errors
from service.errors import InkpawError


def _list_classes(root: type[InkpawError]) -> list[type[InkpawError]]:
    """The classes that `service.errors` declares. Other modules may add subclasses with the same code."""
    children = (child for child in root.__subclasses__() if child.__module__ == errors.__name__)
    return [root, *(kind for child in children for kind in _list_classes(child))]


@pytest.mark.parametrize("kind", _list_classes(InkpawError), ids=lambda kind: kind.__name__)
def test_code_of_an_error_gives_its_class(kind: type[InkpawError]) -> None:
    error = errors.from_code(kind.code, "what went wrong")
    assert type(error) is kind
    assert (error.message, error.status) == ("what went wrong", kind.status)


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in _list_classes(InkpawError)]
    assert len(codes) == len(set(codes))


def test_unknown_code_is_an_internal_error() -> None:
    assert type(errors.from_code("from_a_later_version", "text")) is InkpawError


@pytest.mark.parametrize("kind", [errors.Overloaded, errors.Unavailable])
def test_refusal_has_retry_after(kind: type[InkpawError]) -> None:
    assert kind.status == 503
    assert kind.retry_after
