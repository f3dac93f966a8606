"""`inkpaw predict`: rows, resuming, bad files, exit codes."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from service.client.cli.exit_codes import ExitCode
from tests.support.stub_service import BAD, Failure, StubService
from tests.support.waiting import wait_until
from tests.unit.service.client.cli.run_cli import run_cli

ROOT = Path(__file__).parents[5]


def read_csv(path: Path | str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def start_cli(arguments: Sequence[object]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "service.client", *map(str, arguments)]
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_folder_becomes_a_table(stub: StubService, photos: Path) -> None:
    result = run_cli("predict", "net", photos, "--out", "labels.csv", "--url", stub.url, "--batch", 7)
    assert result.exit_code == ExitCode.GOOD, result.output
    rows = read_csv("labels.csv")
    assert [row["file"] for row in rows] == sorted(str(path) for path in photos.rglob("*.png"))
    assert rows[1] == {
        "file": "photos/0/02.png",
        "label": "2",
        "probability": "0.5",
        "outlier_score": "0.1",
        "model": "net",
        "version": "3",
        "warnings": "",
        "error": "",
    }
    assert all(int(row["label"]) == int(Path(row["file"]).stem) for row in rows)
    assert max(count for _, count in stub.requests) == 7


def test_json_lines_have_probabilities(stub: StubService, photos: Path) -> None:
    run_cli("predict", "net", photos, "--out", "labels.jsonl", "--url", stub.url, "--top", 2)
    row = json.loads(Path("labels.jsonl").read_text().splitlines()[0])
    assert row["probabilities"] == {"0": 0.5} and row["error"] is None
    assert all(path.endswith("?top=2") for path, _ in stub.requests)


def test_without_out_the_table_is_printed(stub: StubService, photos: Path) -> None:
    result = run_cli("predict", "net", photos / "0", "--url", stub.url)
    assert len(result.stdout.splitlines()) == 21 and result.stdout.startswith("file,label,")


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_run_resumes_where_it_stopped(stub: StubService, photos: Path, name: str) -> None:
    arguments = ("predict", "net", photos, "--out", name, "--url", stub.url)
    run_cli(*arguments)
    whole = Path(name).read_bytes()
    lines = whole.splitlines(keepends=True)
    Path(name).write_bytes(b"".join(lines[:13]) + lines[13][:5])  # killed while it wrote a line
    stub.requests.clear()
    assert run_cli(*arguments).exit_code == ExitCode.GOOD
    assert Path(name).read_bytes() == whole
    assert stub.sent == len(lines) - 13


def test_complete_run_sends_nothing_again(stub: StubService, photos: Path) -> None:
    arguments = ("predict", "net", photos, "--out", "labels.csv", "--url", stub.url)
    run_cli(*arguments)
    stub.requests.clear()
    assert run_cli(*arguments).exit_code == ExitCode.GOOD
    assert stub.requests == []


def test_bad_file_has_the_services_sentence_in_its_row(stub: StubService, photos: Path) -> None:
    (photos / "0/04.png").write_bytes(BAD)
    (photos / "1/05.png").unlink()
    (photos / "1/05.png").symlink_to("nowhere")
    arguments = ("predict", "net", photos, "--out", "labels.csv", "--url", stub.url)
    result = run_cli(*arguments)
    assert result.exit_code == ExitCode.SOME_FAILED
    assert "2 of 40 images failed" in result.stderr
    errors = {row["file"]: row["error"] for row in read_csv("labels.csv") if row["error"]}
    assert errors == {
        "photos/0/04.png": "The image: it cannot be read.",
        "photos/1/05.png": "The file cannot be read: No such file or directory.",
    }
    assert run_cli(*arguments).exit_code == ExitCode.SOME_FAILED  # also if nothing is left to do


def test_busy_service_is_waited_for(stub: StubService, photos: Path) -> None:
    stub.failures = [Failure(503, headers={"Retry-After": "0"})] * 5 + [Failure(0)]
    result = run_cli("predict", "net", photos, "--out", "labels.csv", "--url", stub.url)
    assert result.exit_code == ExitCode.GOOD and len(read_csv("labels.csv")) == 40
    assert "The service is busy. Trying again." in result.stderr


def test_service_that_stays_busy_ends_the_run_and_marks_no_file(stub: StubService, photos: Path) -> None:
    arguments = ("predict", "net", photos, "--out", "labels.csv", "--url", stub.url, "--in-flight", 1)
    stub.failures = [Failure(503)] * 1000
    result = run_cli(*arguments, "--retry-seconds", 0.05)
    assert result.exit_code == ExitCode.UNREACHABLE
    assert result.stderr.endswith("inkpaw: The service is busy.\n")
    assert read_csv("labels.csv") == []
    stub.failures = []
    assert run_cli(*arguments).exit_code == ExitCode.GOOD
    assert len(read_csv("labels.csv")) == 40


def test_no_service_is_unreachable(photos: Path) -> None:
    result = run_cli("predict", "net", photos, "--url", "http://127.0.0.1:9", "--retry-seconds", 0)
    assert result.exit_code == ExitCode.UNREACHABLE
    assert "cannot be reached" in result.stderr and "Traceback" not in result.output


def test_wrong_model_is_wrong_usage(stub: StubService, photos: Path) -> None:
    stub.failures = [Failure(404, "There is no model 'net'.", "model_not_found")] * 9
    result = run_cli("predict", "net", photos, "--url", stub.url)
    assert result.exit_code == ExitCode.USAGE and "There is no model 'net'." in result.stderr


def test_rows_of_another_model_are_kept_apart(stub: StubService, photos: Path) -> None:
    run_cli("predict", "net", photos, "--out", "labels.csv", "--url", stub.url)
    result = run_cli("predict", "other", photos, "--out", "labels.csv", "--url", stub.url)
    assert result.exit_code == ExitCode.USAGE and "rows of the model net" in result.stderr


@pytest.mark.parametrize("text", ["a,b\n1,2", "{}\n[]", "\0\n", "one line", "[1]\n"])
@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_file_of_something_else_is_left_alone(stub: StubService, photos: Path, name: str, text: str) -> None:
    Path(name).write_text(text)
    result = run_cli("predict", "net", photos, "--out", name, "--url", stub.url)
    assert result.exit_code == ExitCode.USAGE and "was not written by this command" in result.stderr
    assert Path(name).read_text() == text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name at least one file"),
        (("none.png",), "There is no file or folder 'none.png'."),
        (("*.none",), "There is no file or folder '*.none'."),
        (("photos", "--out", "labels.txt"), "must end in .csv, .jsonl, .parquet"),
        (("photos", "--out", "none/labels.csv"), "cannot be written: No such file or directory"),
        (("photos", "--url", "ftp://x"), "not an address"),
        (("photos", "--shard", "3/3"), "not a shard"),
        (("--files-from", "none.txt"), "--files-from none.txt: No such file"),
        (("photos", "--out", "-", "--format", "parquet"), "Parquet needs a file"),
    ],
)
def test_wrong_usage_has_a_sentence(photos: Path, arguments: tuple[str, ...], sentence: str) -> None:
    result = run_cli("predict", "net", *arguments)
    assert result.exit_code == ExitCode.USAGE, result.output
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
@pytest.mark.parametrize("name", ["labels.csv", "labels.parquet"])
def test_signal_ends_the_run_with_what_is_done(
    stub: StubService, photos: Path, number: int, code: ExitCode, name: str
) -> None:
    stub.delay = 0.2
    arguments = ("predict", "net", photos, "--out", name, "--url", stub.url, "--batch", 2, "--in-flight", 2)
    process = start_cli(arguments)
    wait_until(lambda: len(stub.requests) > 4, 20, "some requests were answered")
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code and "Traceback" not in errors, errors
    assert Path(name).exists()
    sent = stub.sent
    stub.delay = 0
    assert run_cli(*arguments).exit_code == ExitCode.GOOD
    assert stub.sent - sent < 40  # the first run's rows were there
    if name.endswith("csv"):
        assert len(read_csv(name)) == len({row["file"] for row in read_csv(name)}) == 40


def test_no_bar_where_nobody_looks(stub: StubService, photos: Path) -> None:
    process = start_cli(("predict", "net", photos, "--out", "labels.csv", "--url", stub.url))
    out, errors = process.communicate(timeout=20)
    assert (out, errors) == ("", "")


def test_bar_is_drawn_on_a_terminal(stub: StubService, photos: Path) -> None:
    reader, writer = os.openpty()
    command = [sys.executable, "-m", "service.client", "predict", "net", "photos", "--out", "a.csv", "--url", stub.url]
    variables = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1"}
    assert subprocess.run(command, env=variables, stderr=writer, stdin=writer).returncode == 0
    os.close(writer)
    text = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert "40/40 images" in text
