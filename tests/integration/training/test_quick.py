"""Every recipe and every study runs in quick mode, and the nets learn."""

import json
import os
from pathlib import Path
from typing import Any

import keras
import pytest
from typer.testing import CliRunner

from tests.support import cats_dogs_zip
from training import studies
from training.cli import app
from training.export.manifest import read_manifest
from training.recipes.loading import load_recipe, recipe_names

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("DATA_DIR") or ROOT.parent / "shared/data").resolve()

# test accuracies that show learning; chance is 0.1, and 0.5 for cats and dogs
MIN_ACCURACY = {
    "mnist-logistic": 0.4,
    "mnist-mlp": 0.6,
    "mnist-dense": 0.7,
    "mnist-cnn": 0.7,
    "mnist-pupil": 0.3,
    "digits8-cnn": 0.9,
    "cats-dogs-small": 0.7,
    "digits": 0.5,
    "digits-teacher": 0.5,
    "digits-wide": 0.5,
    "cats-dogs-teacher": 0.7,
    "cats-dogs-teacher-deep": 0.7,
    "cats-dogs-96": 0.7,
    "cats-dogs": 0.7,
    "pictures": 0.7,
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with the shipped models, MNIST if this machine has it, and drawn cats and dogs."""
    folder = tmp_path_factory.mktemp("quick")
    (folder / "models").symlink_to(ROOT / "models")
    cats_dogs_zip.write_images(folder / "data", train=150, test=50)
    if (DATA / "mnist.npz").exists():
        (folder / "data/mnist.npz").symlink_to(DATA / "mnist.npz")
    return folder


@pytest.fixture(autouse=True)
def run_in_workplace(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("DATA_DIR", str(workplace / "data"))
    keras.backend.clear_session()


def _skip_without_data(name: str) -> None:
    if name == "mnist" and not Path("data/mnist.npz").exists():
        pytest.skip("MNIST is missing: set DATA_DIR")


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def _train(name: str) -> dict[str, Any]:
    """The test figures of a recipe's quick run."""
    _skip_without_data(load_recipe(name).data.name)
    options = ["--set", "data.path=data/cat-and-dog"] if name == "pictures" else []
    _run("train", name, "--quick", *options)
    figures: dict[str, Any] = read_manifest(Path("runs/quick") / name / "candidate").facts["test"]
    return figures


@pytest.mark.parametrize("name", [name for name in recipe_names() if name != "digits-gan"])
def test_a_classifier_learns_in_quick_mode(name: str) -> None:
    assert _train(name)["accuracy"] > MIN_ACCURACY[name]
    assert list(Path("runs/quick", name).glob("tensorboard/*/events*"))


def test_the_generator_starts_to_draw_the_requested_digits_in_quick_mode() -> None:
    assert _train("digits-gan")["read_as_label"] > 0.2


def _run_study(name: str) -> Any:
    _skip_without_data("mnist")
    _run("study", name, "--quick")
    results = json.loads(Path("runs/quick/studies", name, "results.json").read_text())
    section = "\n".join(studies.load_study(name).render_section(results, Path("pictures")))
    assert section.startswith("|") and list(Path("pictures").glob(f"{name}*.png"))
    return results


def test_study_initialisation_wide_weights_learn_but_not_with_rectified_outputs() -> None:
    accuracy = {outcome["label"]: outcome["accuracy"] for outcome in _run_study("initialisation")}
    uniform = accuracy.pop("uniform, 0.05 either way")
    rectified = [accuracy.pop(f"variance {factor}/n, outputs rectified") for factor in (10, 20)]
    assert min(accuracy.values()) > 0.6 and uniform < min(accuracy.values())
    assert max(rectified) < min(accuracy.values())


def test_study_losses_learns_with_both_losses() -> None:
    assert all(outcome["accuracy"] > 0.6 for outcome in _run_study("losses"))


def test_study_batch_norm_learns_with_all_three_nets() -> None:
    outcomes = _run_study("batch-norm")
    assert [outcome["label"][0] for outcome in outcomes] == ["A", "B", "C"]
    assert all(outcome["accuracy"] > 0.4 for outcome in outcomes)


def test_study_optimisers_ranks_six_optimisers_and_searches() -> None:
    results = _run_study("optimisers")
    means = {name: sum(scores) / len(scores) for name, scores in results["folds"].items()}
    assert len(means) == 6 and means["adam"] > means["sgd"] > 0.2
    assert len(results["trials"]) >= 5 and all(outcome["accuracy"] > 0.6 for outcome in results["final"])


def test_study_gan_augmentation_learns_from_real_and_from_generated_digits() -> None:
    results = _run_study("gan-augmentation")
    means = {
        kind: {amount: sum(scores) / len(scores) for amount, scores in by_amount.items()}
        for kind, by_amount in results.items()
    }
    assert means["real"]["400"] > means["real"]["100"] > 0.8
    assert means["generated"]["400"] > 0.9
