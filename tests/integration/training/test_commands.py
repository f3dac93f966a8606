"""The training commands as users run them: as processes, in a folder of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from training import studies
from training.data import digits8
from training.recipes.loading import recipe_names

ROOT = Path(__file__).parents[3]


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder / "nowhere")}
    command = [sys.executable, "-m", "training", *arguments]
    return subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = _start(folder, *arguments)
    out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def _wait_until(condition: object, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "the condition did not become true in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run of the recipe that needs no data: killed after at least one epoch, then resumed to its end."""
    folder = tmp_path_factory.mktemp("trained")
    arguments = ("train", "digits8-cnn", "--set", "epochs=25")
    killed = _start(folder, *arguments)
    _wait_until(lambda: list(folder.glob("runs/digits8-cnn/checkpoints/ckpt-*.index")))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    return folder, _run(folder, *arguments)


def test_a_killed_run_resumes_from_its_last_complete_epoch(
    trained: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, result = trained
    assert result.returncode == 0, result.stderr
    assert "Epoch 1/25" not in result.stdout and "Epoch 25/25" in result.stdout


def test_a_run_leaves_logs_curves_history_and_figures(trained: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, result = trained
    run = folder / "runs/digits8-cnn"
    assert list(run.glob("tensorboard/train/events*")) and (run / "curves.png").stat().st_size > 5000
    assert (run / "history.csv").read_text().count("\n") >= 25
    figures = dict(line.split(": ", 1) for line in result.stdout.splitlines() if ": " in line)
    assert float(figures["accuracy"]) > 0.95 and figures["images"] == "180"


def test_a_trained_model_can_be_published_and_evaluated(trained: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = trained
    published = _run(folder, "publish", "digits8-cnn", "--set", "epochs=25")
    assert published.returncode == 0, published.stderr
    version = folder / "models/digits8/1"
    assert (version / "saved_model.pb").exists() and (version / "assets.extra/servable.json").exists()
    assert "accuracy" in _run(folder, "evaluate", "digits8-cnn").stdout


def test_the_report_compares_the_run_with_the_post(trained: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = trained
    written = _run(folder, "report", "--to", "pages")
    assert written.returncode == 0, written.stderr
    page = (folder / "pages/training.md").read_text()
    assert "[digits8-cnn]" in page and "98.3%" in page and (folder / "pages/training/digits8-cnn-curves.png").exists()


def test_predict_prints_the_class_of_an_image(trained: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = trained
    Image.fromarray(digits8.load(0.1).test.images(slice(0, 1))[0, ..., 0]).save(folder / "digit.png")
    output = _run(folder, "predict", "digit.png", "--model", "digits8-cnn").stdout
    assert output.startswith(str(digits8.load(0.1).test.labels[0]))


def test_predict_with_a_missing_model_is_refused_with_its_name(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "digit.png")
    refused = _run(tmp_path, "predict", "digit.png", "--model", "mnist-mlp")
    assert refused.returncode == 1 and "mnist-mlp" in refused.stderr and "Traceback" not in refused.stderr


def test_an_unknown_study_is_refused_with_the_list_of_studies(tmp_path: Path) -> None:
    refused = _run(tmp_path, "study", "astrology")
    assert refused.returncode == 1 and "optimisers" in refused.stderr and "Traceback" not in refused.stderr


def test_a_run_is_not_resumed_with_other_options(
    trained: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    refused = _run(trained[0], "train", "digits8-cnn", "--set", "epochs=26")
    assert refused.returncode == 1 and "--fresh" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize("name", ["digits", "cats-dogs", "digits-gan"])
def test_missing_data_is_refused_with_where_to_get_it(tmp_path: Path, name: str) -> None:
    refused = _run(tmp_path, "train", name)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "DATA_DIR" in refused.stderr and "--download" in refused.stderr


def test_list_shows_every_recipe_and_every_study(tmp_path: Path) -> None:
    listed = _run(tmp_path, "list").stdout
    assert all(f"\n{name} " in f"\n{listed}" for name in [*recipe_names(), *studies.list_studies()])
