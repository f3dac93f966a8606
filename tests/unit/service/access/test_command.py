"""`python -m service key`."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.access.command import main
from service.access.keys import KeyRing, parse_entries
from service.access.scopes import KEY_SCOPES, Scope

ROOT = Path(__file__).parents[4]


def test_command_writes_the_line_and_shows_the_key() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "key", "ci", "predict", "metrics"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    key = next(line for line in done.stderr.splitlines() if line.startswith("inkpaw_"))
    found = KeyRing(parse_entries(done.stdout.splitlines())).find(key)
    assert found is not None and (found.name, found.scopes) == ("ci", {Scope.PREDICT, Scope.METRICS})
    assert key not in done.stdout


def test_key_has_every_scope_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    main(["ci"])
    assert parse_entries([capsys.readouterr().out])[0].scopes == set(KEY_SCOPES)


@pytest.mark.parametrize("arguments", [[], ["ci", "everything"], ["a name"], ["ci", "open"]])
def test_wrong_use_is_refused_with_a_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "error:" in captured.err
