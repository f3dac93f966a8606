"""The examples of three pages of docs/, run against the models that the repository ships."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.integration.conftest import run_service
from tests.support.grpc_health import wait_for_grpc
from tests.support.server import Service

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/protocols.md").read_text()
PAGES = [PAGE, (ROOT / "docs/explain.md").read_text()]
LINES = [line.strip() for page in PAGES for line in page.splitlines() if re.match(r"    (?!INKPAW_)", line)]
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")


@pytest.fixture(scope="module")
def shipped() -> Iterator[Service]:
    with run_service(ROOT / "models", Service, workers=1, grpc_port=0) as service:
        yield service


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the lines run, one after another: some write a file that others read."""
    return tmp_path_factory.mktemp("curl")


def run_line(service: Service, folder: Path, line: str) -> bytes:
    command = line.replace("localhost:8080", service.url).replace("curl ", "curl -sS --fail-with-body ")
    result = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, timeout=60)
    assert result.returncode == 0, (line, result.stdout, result.stderr)
    return result.stdout


@needs_curl
@pytest.mark.parametrize("line", LINES)
def test_line_of_the_page_works(shipped: Service, folder: Path, line: str) -> None:
    output = run_line(shipped, folder, line)
    assert json.loads(output) if "-o " not in line else not output


def test_lines_of_the_operations_page_work(shipped: Service, folder: Path) -> None:
    page = (ROOT / "docs/operations.md").read_text()
    lines = [line.strip() for line in page.splitlines() if line.startswith("    curl ")]
    assert lines and all(run_line(shipped, folder, line) for line in lines)


def test_python_of_the_page_works(shipped: Service, folder: Path) -> None:
    (folder / "seven.png").write_bytes(shipped.get("/generate/digits-gan?label=7&seed=3").content)
    code = PYTHON.replace("localhost:8001", wait_for_grpc(shipped))
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.returncode) == ("[7]\n", 0), result.stderr


def test_arrays_encoded_images_and_predict_agree(shipped: Service, folder: Path) -> None:
    png = shipped.get("/generate/digits-gan?label=7&seed=3").content
    images = shipped.post("/v1/models/digits-gan:predict", '{"inputs":{"seeds":[3],"labels":[7],"truncation":[1]}}')
    (pixels,) = images.json()["outputs"]
    assert np.shape(pixels) == (28, 28, 1)
    (row,) = shipped.post("/v1/models/digits:predict", json.dumps({"instances": [pixels]})).json()["predictions"]
    (prediction,) = shipped.post("/predict/digits", png).json()["predictions"]
    assert np.argmax(row["probabilities"]) == 7 and prediction["label"] == "7"
    assert prediction["outlier_score"] == pytest.approx(row["outlier_score"], abs=1e-3)


def test_arrays_of_a_photograph_are_taken_as_they_are(shipped: Service) -> None:
    rows = [{"images": np.full((128, 128, 3), grey).tolist()} for grey in (0, 128, 255)]
    predictions = shipped.post("/v1/models/cats-dogs:predict", json.dumps({"instances": rows})).json()["predictions"]
    assert [sum(row["probabilities"]) for row in predictions] == pytest.approx([1, 1, 1], abs=1e-5)
