"""The progress bar, and what is said beside it."""

import re

import pytest

from service.client.cli.progress import ProgressBar


class Terminal:
    """Looks like one, and keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "60")
    return Terminal()


def test_bar_ends_full_and_sentences_stand_above_it(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal)
    with ProgressBar(4000) as progress:
        progress.skip(1000)
        progress.advance(1500)
        progress.say("The queue is full. Trying again.")
        progress.say("The queue is full. Trying again.")
        progress.advance(1500)
    lines = [re.split("\r\x1b\\[K", line)[-1] for line in terminal.text.removesuffix("\n").split("\n")]
    assert lines[0] == "The queue is full. Trying again."
    assert lines[1:] == ["[" + "#" * 40 + "] 4000/4000 images"]
    assert "2500/4000 images, 0:00 left" in terminal.text
    assert max(len(part) for part in re.split("\r\x1b\\[K|\n", terminal.text)) < 80


def test_narrow_terminal_has_the_numbers_alone(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "12")
    with ProgressBar(5) as progress:
        progress.advance(5)
    assert terminal.text.endswith("\x1b[K 5/5 images\n")


def test_nothing_is_written_where_it_is_not_wanted(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", terminal)
    with ProgressBar(5, quiet=True) as progress:
        progress.say("A sentence.")
        progress.advance(5)
    assert terminal.text == ""
