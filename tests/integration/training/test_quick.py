"""Every recipe and every study in its quick mode: all of it runs, and learning happens."""

import json
import os
from pathlib import Path
from typing import Any

import keras
import pytest
from typer.testing import CliRunner

from tests.support import pets
from training import studies
from training.cli import app
from training.export.manifest import read_manifest
from training.recipes.loading import load_recipe, recipe_names

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("DATA_DIR") or ROOT.parent / "shared/data").resolve()

# The least test accuracy that shows learning: chance is 0.1, for cats and dogs 0.5.
LEARNT = {
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
    "cats-dogs-whole": 0.7,
    "cats-dogs": 0.7,
    "pictures": 0.7,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to run in: the shipped models, MNIST where this machine has it, and pets that are drawn."""
    folder = tmp_path_factory.mktemp("quick")
    (folder / "models").symlink_to(ROOT / "models")
    pets.lay_out(folder / "data", train=150, test=50)
    if (DATA / "mnist.npz").exists():
        (folder / "data/mnist.npz").symlink_to(DATA / "mnist.npz")
    return folder


@pytest.fixture(autouse=True)
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("DATA_DIR", str(place / "data"))
    keras.backend.clear_session()


def _needs(name: str) -> None:
    if name == "mnist" and not Path("data/mnist.npz").exists():
        pytest.skip("MNIST is not here: set DATA_DIR")


def _command(*words: str) -> str:
    ended = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.output


def _trained(name: str) -> dict[str, Any]:
    """The test figures of a recipe's quick run."""
    _needs(load_recipe(name).data.name)
    where = ["--set", "data.path=data/cat-and-dog"] if name == "pictures" else []
    _command("train", name, "--quick", *where)
    figures: dict[str, Any] = read_manifest(Path("runs/quick") / name / "candidate")["facts"]["test"]
    return figures


@pytest.mark.parametrize("name", [name for name in recipe_names() if name != "digits-gan"])
def test_a_classifier_learns_in_its_quick_mode(name: str) -> None:
    assert _trained(name)["accuracy"] > LEARNT[name]
    assert list(Path("runs/quick", name).glob("tensorboard/*/events*"))


def test_the_generator_begins_to_draw_what_it_is_asked_for_in_its_quick_mode() -> None:
    assert _trained("digits-gan")["read_as_label"] > 0.2


def _studied(name: str) -> Any:
    _needs("mnist")
    _command("study", name, "--quick")
    found = json.loads(Path("runs/quick/studies", name, "results.json").read_text())
    told = "\n".join(studies.load(name).tell(found, Path("pictures")))
    assert told.startswith("|") and list(Path("pictures").glob(f"{name}*.png"))
    return found


def test_study_initialisation_wide_weights_learn_unless_outputs_are_rectified_and_narrow_ones_slowly() -> None:
    accuracy = {each["label"]: each["accuracy"] for each in _studied("initialisation")}
    uniform = accuracy.pop("uniform, 0.05 either way")
    rectified = [accuracy.pop(f"variance {wide}/n, outputs rectified") for wide in (10, 20)]
    assert min(accuracy.values()) > 0.6 and uniform < min(accuracy.values())
    assert max(rectified) < min(accuracy.values())


def test_study_losses_both_learn() -> None:
    assert all(each["accuracy"] > 0.6 for each in _studied("losses"))


def test_study_batch_norm_all_three_learn() -> None:
    found = _studied("batch-norm")
    assert [each["label"][0] for each in found] == ["A", "B", "C"] and all(each["accuracy"] > 0.4 for each in found)


def test_study_optimisers_ranks_six_and_searches() -> None:
    found = _studied("optimisers")
    middle = {name: sum(scores) / len(scores) for name, scores in found["folds"].items()}
    assert len(middle) == 6 and middle["adam"] > middle["sgd"] > 0.2
    assert len(found["trials"]) >= 5 and all(each["accuracy"] > 0.6 for each in found["final"])


def test_study_gan_augmentation_more_real_digits_are_better_and_generated_ones_teach() -> None:
    found = _studied("gan-augmentation")
    middle = {kind: {amount: sum(each) / len(each) for amount, each in by.items()} for kind, by in found.items()}
    assert middle["real"]["400"] > middle["real"]["100"] > 0.8
    assert middle["generated"]["400"] > 0.9
