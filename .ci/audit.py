"""Asks for known weaknesses of the packages in lock/, by pip-audit: `make audit`.

Exit code 1 if one is known. Where no database can be reached, one line says that nothing was checked, and the exit code
is 0: a machine without a network must still be able to run the other steps.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKS = sorted((Path(__file__).parents[1] / "lock").glob("*.txt"))
_OPTIONS = ["--disable-pip", "--no-deps", "--format=json", "--progress-spinner=off", "--timeout=10"]
_UNREACHABLE = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "Max retries", "ServiceError", "ProxyError")
_SECONDS = 300


class Unreachable(Exception):
    """No database of weaknesses answers."""


def ask(locks: list[Path], *options: str) -> list[dict[str, Any]]:
    """What pip-audit reports of each package: `vulns`, or why it was skipped. Raises Unreachable."""
    files = [argument for lock in locks for argument in ("-r", str(lock))]
    command = [sys.executable, "-m", "pip_audit", *_OPTIONS, *options, *files]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unreachable from None
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        if any(name in done.stderr for name in _UNREACHABLE):
            raise Unreachable from None
        sys.exit(f"pip-audit failed:\n{done.stderr}")
    if all("skip_reason" in package for package in packages):  # a mirror without the database knows no package
        raise Unreachable
    return packages


def summarise(packages: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """A line per weakness, and the names of the packages that were not checked."""
    lines = {
        f"{package['name']} {package['version']}: {weakness['id']}, fixed in {', '.join(weakness['fix_versions'])}"
        for package in packages
        for weakness in package.get("vulns", [])
    }
    return sorted(lines), sorted({package["name"] for package in packages if "skip_reason" in package})


def main() -> None:
    for service in ("pypi", "osv"):
        try:
            weaknesses, skipped = summarise(ask(LOCKS, f"--vulnerability-service={service}"))
        except Unreachable:
            continue
        if skipped:
            print(f"pip-audit: not in the database, so not checked: {', '.join(skipped)}")
        print(*weaknesses or ["pip-audit: no known weakness in lock/"], sep="\n")
        sys.exit(bool(weaknesses))
    print("pip-audit: SKIPPED, NOTHING WAS CHECKED: no database of weaknesses can be reached from here")


if __name__ == "__main__":
    main()
