"""Keys: made at random, kept as hashes, found by what a client sends."""

import pytest

from service.access.keys import MAX_KEYS, KeyRing, KeysError, format_entry, make_key, parse_entries
from service.access.scopes import KEY_SCOPES, Scope


def make_entry(name: str = "ci", *scopes: Scope) -> tuple[str, str]:
    key = make_key()
    return key, format_entry(name, scopes or KEY_SCOPES, key)


def test_key_is_found_with_its_name_and_scopes() -> None:
    key, entry = make_entry("ci", Scope.PREDICT, Scope.METRICS)
    other, other_entry = make_entry("page", Scope.GENERATE)
    ring = KeyRing(parse_entries(["# who: what", "", f"  {entry} ", other_entry]))
    found = ring.find(key)
    assert found is not None and (found.name, found.scopes) == ("ci", {Scope.PREDICT, Scope.METRICS})
    assert (ring.find(other) or found).name == "page"


def test_entry_does_not_hold_the_key() -> None:
    key, entry = make_entry()
    assert key not in entry and len(key) > 40
    assert make_key() != key


@pytest.mark.parametrize("given", ["", "inkpaw_", "x" * 10_000, "\udcff", "ключ"])
def test_unknown_key_is_not_found(given: str) -> None:
    ring = KeyRing(parse_entries([make_entry()[1]]))
    assert ring.find(given) is None


def test_hash_of_a_key_is_no_key() -> None:
    _, entry = make_entry()
    assert KeyRing(parse_entries([entry])).find(entry.split(":")[2]) is None


def test_same_start_of_a_hash_is_not_enough() -> None:
    key, entry = make_entry()
    name, scopes, digest = entry.split(":")
    forged = f"{name}:{scopes}:{digest[:16]}{'0' * 48}"
    assert KeyRing(parse_entries([forged])).find(key) is None


@pytest.mark.parametrize(
    "line",
    [
        "ci",
        "ci:predict",
        "ci:everything:" + "0" * 64,
        "ci::" + "0" * 64,
        "ci:predict:" + "0" * 63,
        "ci:predict:" + "G" * 64,
        "a b:predict:" + "0" * 64,
    ],
)
def test_line_that_is_no_entry_is_refused_by_number(line: str) -> None:
    with pytest.raises(KeysError, match="line 2 is not NAME") as error:
        parse_entries(["# keys", line])
    assert line not in str(error.value), "it may hold a key by mistake"


def test_name_or_key_that_is_there_twice_is_refused() -> None:
    _, entry = make_entry()
    for second in (make_entry()[1], entry.replace("ci", "other", 1)):
        with pytest.raises(KeysError, match="twice"):
            KeyRing(parse_entries([entry, second]))


def test_number_of_keys_is_bounded() -> None:
    with pytest.raises(KeysError, match="more than"):
        parse_entries(f"k{number}:predict:{number:064x}" for number in range(MAX_KEYS + 1))
