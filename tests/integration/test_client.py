"""The command line `inkpaw` against a running service."""

import csv
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from service.client import Client, ServiceError
from tests.integration.conftest import Serve
from tests.support.pictures import make_png
from tests.support.server import ROOT, Service


def run_cli(service: Service, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.client", *arguments]
    variables = os.environ | {"PYTHONPATH": str(ROOT), "INKPAW_URL": service.url}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder `photos` of 50 pictures. `brittle` reads their second pixel; the text among them is no picture."""
    (tmp_path / "photos").mkdir()
    for index in range(50):
        (tmp_path / f"photos/{index:02}.png").write_bytes(make_png(0, index))
    (tmp_path / "photos/17.png").write_text("not a picture")
    (tmp_path / "photos/18.png").write_bytes(b"")
    return tmp_path


def test_predict_writes_every_row_and_resumes(service: Service, folder: Path) -> None:
    run = run_cli(service, folder, "predict", "brittle", "photos", "--out", "labels.csv")
    assert run.returncode == 1, run.stderr
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"photos/{index:02}.png" for index in range(50)]
    labels = {row["file"][7:9]: row["label"] for row in rows if not row["error"]}
    assert labels == {f"{index:02}": str(index % 10) for index in range(50) if index not in (17, 18)}
    assert all(rows[index]["error"].startswith("The image: ") for index in (17, 18)), rows[17:19]
    again = run_cli(service, folder, "predict", "brittle", "photos", "--out", "labels.csv")
    assert again.returncode == 1
    with (folder / "labels.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == rows


def test_row_that_fails_in_the_model_fails_alone(serve: Serve, folder: Path) -> None:
    service = serve("brittle", workers=1)  # its own, as such a failure is logged
    (folder / "photos/00.png").write_bytes(make_png(13, 1))  # brittle's run fails for it
    run = run_cli(service, folder, "predict", "brittle", "photos/0*.png", "--batch", "4")
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert run.returncode == 1
    assert [bool(row["error"]) for row in rows] == [True] + [False] * 9


def test_generate_draws_a_grid(service: Service, folder: Path) -> None:
    options = ("--label", "7", "--count", "64", "--seed", "3")
    run = run_cli(service, folder, "generate", "blot", *options, "-o", "sevens.png")
    assert run.returncode == 0, run.stderr
    assert Image.open(folder / "sevens.png").size == (8 * 30 - 2, 8 * 30 - 2)
    run_cli(service, folder, "generate", "blot", *options, "-o", "sevens.zip")
    assert len(zipfile.ZipFile(folder / "sevens.zip").namelist()) == 64


def test_models_are_listed(service: Service, folder: Path) -> None:
    run = run_cli(service, folder, "models")
    rows = sorted(line.split() for line in run.stdout.splitlines())
    assert rows == [["blot", "1", "generate"], ["brittle", "1", "predict"], ["tiny", "1", "predict"]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("predict", "none", "photos"), "There is no model 'none'"),
        (("predict", "blot", "photos"), "blot"),
        (("predict", "brittle", "photos", "--version", "9"), "version"),
        (("generate", "brittle", "-o", "a.png"), "brittle"),
        (("generate", "blot", "--count", "300", "-o", "a.png"), "at most 256"),
        (("generate", "blot", "--label", "x", "-o", "a.png"), "There is no label 'x'"),
    ],
)
def test_wrong_usage_is_told_in_the_services_sentence(
    service: Service, folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    run = run_cli(service, folder, *arguments)
    assert run.returncode == 2 and sentence in run.stderr and "Traceback" not in run.stderr, run.stderr


def test_typed_client_speaks_with_the_service(service: Service, folder: Path) -> None:
    with Client(service.url) as client:
        predictions = client.predict("brittle", [make_png(0, label) for label in (7, 1, 4)], top=1)
        assert [prediction.label for prediction in predictions] == ["7", "1", "4"]
        assert predictions[0].probabilities == {"7": 1.0} and predictions[0].version == 1
        samples = client.generate("blot", seeds=[5, 3], labels=[1, 2])
        assert (samples.seeds, samples.labels, len(samples.images)) == ([5, 3], ["1", "2"], 2)
        assert client.render("blot", format="png", seed=5, labels=1) == samples.images[0]
        with pytest.raises(ServiceError) as caught:
            client.predict("brittle", [folder / "photos/17.png"])
        assert caught.value.status == 400
