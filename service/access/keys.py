"""API keys: a client has the key itself, the service only its name, its scopes and its hash.

A key has 256 random bits, so one round of SHA-256 is enough: there is nothing to guess, unlike with a password.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from service.access.scopes import KEY_SCOPES, Scope

MAX_KEYS = 1000
_MAX_LENGTH = 256  # characters of a key that a client sends; longer ones are not hashed
_PREFIX = "inkpaw_"  # programs that look for leaked secrets can find it
_NAME = r"[0-9A-Za-z._-]{1,64}"
_SCOPE = "|".join(KEY_SCOPES)
ENTRY = rf"{_NAME}:(?:{_SCOPE})(?:\+(?:{_SCOPE}))*:[0-9a-f]{{64}}"  # NAME:SCOPE+SCOPE:HASH

_INDEX = 8  # bytes of a hash by which it is looked up; the rest is compared in constant time


class KeysError(Exception):
    """The keys cannot be read; the text says why, and names no hash."""


class Key(NamedTuple):
    name: str
    scopes: frozenset[Scope]
    digest: bytes


def make_key() -> str:
    return _PREFIX + secrets.token_urlsafe(32)


def format_entry(name: str, scopes: Iterable[Scope], key: str) -> str:
    """The line that the service keeps of a key. Raises ValueError for a name or scopes that it cannot have."""
    entry = f"{name}:{'+'.join(scopes)}:{_hash_key(key).hex()}"
    if not re.fullmatch(ENTRY, entry):
        raise ValueError("A name has up to 64 letters, digits, dots, dashes and underscores.")
    return entry


def parse_entries(entries: Iterable[str]) -> list[Key]:
    """The keys of lines; empty ones and those that begin with `#` are left out. Raises KeysError."""
    keys = []
    for number, line in enumerate(entries, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not re.fullmatch(ENTRY, text):
            raise KeysError(f"line {number} is not NAME:SCOPE+SCOPE:HASH; `python -m service key` makes such lines")
        name, scopes, digest = text.split(":")
        keys.append(Key(name, frozenset(map(Scope, scopes.split("+"))), bytes.fromhex(digest)))
    if len(keys) > MAX_KEYS:
        raise KeysError(f"there are more than {MAX_KEYS} keys")
    return keys


class KeyRing:
    def __init__(self, keys: Iterable[Key]) -> None:
        """Raises KeysError if a name or a key is there twice."""
        self._keys: dict[bytes, Key] = {}
        names: set[str] = set()
        for key in keys:
            if key.name in names or key.digest[:_INDEX] in self._keys:
                raise KeysError(f"the name or the key of {key.name} is there twice")
            names.add(key.name)
            self._keys[key.digest[:_INDEX]] = key

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key: str) -> Key | None:
        """The entry of a key that a client sends. How long this takes says nothing about the keys that there are:
        nobody can choose what the hash of a guess begins with."""
        if len(key) > _MAX_LENGTH:
            return None
        digest = _hash_key(key)
        known = self._keys.get(digest[:_INDEX])
        return known if known is not None and hmac.compare_digest(known.digest, digest) else None


def _hash_key(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()
