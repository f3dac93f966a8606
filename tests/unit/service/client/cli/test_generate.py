"""`inkpaw generate`, `inkpaw walk` and `inkpaw models`."""

from pathlib import Path

import pytest

from service.client.cli.exit_codes import ExitCode
from tests.support.stub_service import Failure, StubService
from tests.unit.service.client.cli.run_cli import run_cli


@pytest.fixture(autouse=True)
def enter_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "form"), [("a.png", "grid"), ("a.zip", "zip"), ("a.npy", "npy"), ("a.json", "json")])
def test_name_of_the_file_chooses_the_format(stub: StubService, name: str, form: str) -> None:
    result = run_cli("generate", "gan", "--label", 7, "--count", 64, "-o", name, "--url", stub.url)
    assert result.exit_code == ExitCode.GOOD, result.output
    assert Path(name).stat().st_size > 0
    assert stub.bodies == [{"labels": ["7"], "count": 64, "format": form}]


def test_options_are_sent(stub: StubService) -> None:
    options = ("--label", 1, "--label", 2, "--seed", 3, "--truncation", 0.5, "--format", "png", "--version", "stable")
    run_cli("generate", "gan", *options, "-o", "a.bin", "--url", stub.url)
    assert stub.bodies == [{"labels": ["1", "2"], "seed": 3, "truncation": 0.5, "format": "png"}]
    assert stub.requests == [("/generate/gan/labels/stable", 0)]


def test_image_may_go_to_a_pipe(stub: StubService) -> None:
    assert run_cli("generate", "gan", "-o", "-", "--url", stub.url).stdout_bytes.startswith(b"{")


@pytest.mark.parametrize(
    ("out", "sentence"),
    [("a.gif", "must end in .png, .zip, .npy, .json, or give --format.\n"), ("none/a.png", "There is no folder")],
)
def test_wrong_file_is_refused_before_anything_is_drawn(stub: StubService, out: str, sentence: str) -> None:
    result = run_cli("generate", "gan", "-o", out, "--url", stub.url)
    assert result.exit_code == ExitCode.USAGE and sentence in result.stderr
    assert stub.requests == []


@pytest.mark.parametrize(
    ("status", "code"), [(400, ExitCode.USAGE), (413, ExitCode.USAGE), (500, ExitCode.SOME_FAILED)]
)
def test_services_sentence_is_printed(stub: StubService, status: int, code: ExitCode) -> None:
    stub.failures = [Failure(status, "There is no label 'x'.", "bad_request")]
    result = run_cli("generate", "gan", "--label", "x", "-o", "a.png", "--url", stub.url)
    assert (result.exit_code, result.stderr) == (code, "inkpaw: There is no label 'x'.\n")
    assert not Path("a.png").exists()


@pytest.mark.parametrize(("name", "form"), [("a.png", "png"), ("a.webp", "webp"), ("a.npy", "npy")])
def test_walk_is_written_in_the_format_of_the_name(stub: StubService, name: str, form: str) -> None:
    options = ("--from", 3, "--to", 9, "--frames", 5, "--label", 7, "--truncation", 0.5, "--version", "stable")
    result = run_cli("walk", "gan", *options, "-o", name, "--url", stub.url)
    assert result.exit_code == ExitCode.GOOD, result.output
    query = f"from=3&to=9&frames=5&label=7&truncation=0.5&format={form}"
    assert stub.requests == [(f"/generate/gan/labels/stable/walk?{query}", 0)]
    assert Path(name).stat().st_size > 0


def test_models_are_listed(stub: StubService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKPAW_URL", stub.url)
    result = run_cli("models")
    assert [line.split() for line in result.stdout.splitlines()] == [["net", "3", "predict"], ["gan", "4", "generate"]]


def test_key_comes_from_the_variable(stub: StubService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKPAW_API_KEY", "inkpaw_abc")
    run_cli("models", "--url", stub.url)
    run_cli("generate", "gan", "-o", "a.png", "--url", stub.url)
    assert stub.authorizations == ["Bearer inkpaw_abc"] * 2


def test_key_that_is_none_is_wrong_usage(stub: StubService) -> None:
    result = run_cli("models", "--url", stub.url, "--api-key", "a\nb")
    assert (result.exit_code, stub.requests) == (ExitCode.USAGE, [])
    assert "INKPAW_API_KEY" in result.stderr
