"""`inkpaw explain`."""

import json
from pathlib import Path

import pytest

from service.client.cli.exit_codes import ExitCode
from tests.support.stub_service import Failure, StubService
from tests.unit.service.client.cli.run_cli import run_cli


@pytest.fixture(autouse=True)
def enter_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cat.jpg").write_bytes(b"cat")


def test_name_of_the_file_chooses_the_picture_or_the_numbers(stub: StubService) -> None:
    options = ("--label", "dog", "--version", 3, "--url", stub.url)
    assert run_cli("explain", "net", "cat.jpg", "-o", "heat.png", *options).exit_code == ExitCode.GOOD
    assert run_cli("explain", "net", "cat.jpg", "-o", "heat.json", *options).exit_code == ExitCode.GOOD
    assert [path for path, _ in stub.requests] == [
        f"/explain/net/versions/3?format={form}&label=dog" for form in ("png", "json")
    ]
    assert Path("heat.png").read_bytes() == b'{"drawn": "cat"}'
    explanation = json.loads(Path("heat.json").read_text())
    assert (explanation["label"], explanation["map"], explanation["model"]) == ("cat", [[0.5, 1.0]], "net")


def test_image_may_come_and_go_through_pipes(stub: StubService) -> None:
    result = run_cli("explain", "net", "-", "-o", "-", "--url", stub.url, stdin=b"piped")
    assert result.stdout_bytes == b'{"drawn": "piped"}'


@pytest.mark.parametrize(
    ("image", "out", "sentence"),
    [("cat.jpg", "a.gif", "must end in .png, .json.\n"), ("none.jpg", "a.png", "No such file")],
)
def test_what_cannot_be_done_is_refused_before_anything_is_asked(
    stub: StubService, image: str, out: str, sentence: str
) -> None:
    result = run_cli("explain", "net", image, "-o", out, "--url", stub.url)
    assert result.exit_code != ExitCode.GOOD and sentence in result.stderr
    assert stub.requests == [] and not Path(out).exists()


def test_services_sentence_is_printed(stub: StubService) -> None:
    stub.failures = [Failure(404, "It cannot say where its answers come from.", "not_offered")]
    result = run_cli("explain", "net", "cat.jpg", "-o", "a.png", "--url", stub.url)
    assert (result.exit_code, result.stderr) == (
        ExitCode.USAGE,
        "inkpaw: It cannot say where its answers come from.\n",
    )
