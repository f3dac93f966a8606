"""What lock/ pins."""

import re
from pathlib import Path

LOCK = Path(__file__).parents[2] / "lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.M)


def read_lock(name: str) -> dict[str, str]:
    """The versions by name, in small letters with dashes."""
    pins = _PIN.findall((LOCK / f"{name}.txt").read_text())
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in pins}
