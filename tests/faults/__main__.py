"""`python -m tests.faults`: makes every fault in turn, and prints a table: fault, promise, seen.

Exit code 1 if a promise was broken. `--only kill,disk` takes the faults whose names hold one of these words; `--rounds`
repeats them all.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.fault import FAULTS
from tests.faults.kinds import clients, processes, resources, signals
from tests.faults.runner import Result, build_models, run_fault

KINDS = (processes, resources, clients, signals)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="words, separated by commas")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    words = arguments.only.split(",")
    chosen = [fault for fault in FAULTS if any(word in fault.name for word in words)]
    print("| fault | promise | seen |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        models = build_models(Path(folder))
        results = [_print(run_fault(fault, models)) for _ in range(arguments.rounds) for fault in chosen]
    return 1 if any(result.broken for result in results) else 0


def _print(result: Result) -> Result:
    seen = f"skipped: {result.skipped}" if result.skipped else result.seen
    broken = "".join(f"; **broken**: {text}" for text in result.broken)
    print(f"| {result.fault.name} | {result.fault.promise} | {seen}{broken} |", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
