from pathlib import Path

import msgspec
import pytest

from service.manifest import MANIFEST_PATH, TrainedManifest
from training.export.manifest import read_manifest
from training.publish.model_card import NEAREST_FILE, write_card
from training.recipes.loading import load_recipe
from training.recipes.stored import to_json

VERSIONS = sorted((Path(__file__).parents[4] / "models").glob("*/[0-9]*"))

FACTS = {
    "recipe": {"name": "digits", "seed": 4, "epochs": 9, "about": "Reads."},
    "data": {"name": "mnist", "train": 100},
    "validation": 10,
    "revision": "abc1234",
    "libraries": {"keras": "3.0"},
}
IMAGE = {"height": 28, "width": 28, "channels": 1, "treatment": "digit"}


def _write(manifest: dict[str, object]) -> str:
    return write_card(msgspec.convert(manifest, TrainedManifest))


def _card(kind: str, test: dict[str, object]) -> str:
    return _write(
        {"name": "digits", "kind": kind, "labels": ["0", "1"], "image": IMAGE, "facts": {**FACTS, "test": test}}
    )


def test_a_classifiers_card_has_every_figure_and_the_commands_to_train_it() -> None:
    text = _card(
        "classifier",
        {
            "images": 50,
            "accuracy": 0.987,
            "ece": 0.012,
            "confusion": [[20, 5], [0, 25]],
            "outliers": {"scikit-image": 0.97},
            "hands": {"canvas": 0.98},
            "photos": {"panorama": 0.95},
        },
    )
    for part in (
        "a scene of 3:1: 95.0%",
        "98.70%",
        "1.20%",
        "| 0 | 20 | 5 |",
        "scikit-image: 0.970",
        "drawn on a canvas: 98.0%",
    ):
        assert part in text
    for part in ("python -m training train digits", "evaluate digits", "abc1234", "seed 4", "9 epochs", "keras 3.0"):
        assert part in text
    assert "Limits:" in text and "100 training images" in text


def test_generator_card_shows_the_nearest_training_images() -> None:
    test = {
        "samples": 1000,
        "read_as_label": 0.991,
        "by_label": [0.98, 1.0],
        "judge": "digits version 1",
        "frechet": 0.5,
        "frechet_real": 0.2,
        "lessons": 60000,
        "taught": 0.986,
        "nearest": {"samples": 20.0, "test images": 21.0},
    }
    text = _card("generator", test)
    for part in ("99.10%", "98.0%", "0.500", "0.200", "98.60%", f"]({NEAREST_FILE})"):
        assert part in text


def test_the_card_of_a_model_without_figures_says_so() -> None:
    assert "Not measured." in _write(
        {"name": "other", "kind": "classifier", "labels": ["0"], "image": IMAGE, "facts": FACTS}
    )


@pytest.mark.parametrize("required", [{"teachers": ["digits-wide"]}, {"init_from": "digits-wide"}])
def test_a_card_names_what_to_train_first(required: dict[str, object]) -> None:
    facts = FACTS | {"recipe": FACTS["recipe"] | required}  # type: ignore[operator]
    text = _write({"name": "digits", "kind": "classifier", "labels": ["0"], "image": IMAGE, "facts": facts})
    commands = [f"python -m training train {name}\n" for name in ("digits-teacher", "digits-wide", "digits")]
    assert [text.count(command) for command in commands] == [1, 1, 1]
    assert sorted(commands, key=text.index) == commands  # the teacher of digits-wide is needed before it


def test_a_card_gives_the_truncation_of_the_noise() -> None:
    facts = FACTS | {"recipe": FACTS["recipe"] | {"truncation": 0.96}}  # type: ignore[operator]
    text = _write({"name": "digits-gan", "kind": "generator", "labels": ["0"], "image": IMAGE, "facts": facts})
    assert "Draws from 96% of the noise it was trained with" in text


@pytest.mark.parametrize("version_dir", VERSIONS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_published_card_is_made_again_word_for_word(version_dir: Path) -> None:
    published = (version_dir / MANIFEST_PATH).with_name("README.md").read_text()
    assert write_card(read_manifest(version_dir)) == published


@pytest.mark.parametrize("name", ["mnist-mlp", "removed"])
def test_without_use_and_limits_in_a_recipe_file_the_card_has_its_description(name: str) -> None:
    facts = FACTS | {"recipe": {"name": name, "seed": 4, "about": "Reads."}}
    text = _write({"name": name, "kind": "classifier", "labels": ["0"], "image": IMAGE, "facts": facts})
    assert text.startswith(f"# {name}\n\nReads.\n") and "- Limits: Not studied.\n" in text


def test_use_and_limits_are_no_part_of_a_stored_recipe() -> None:
    recipe = load_recipe("digits")
    assert recipe.use and recipe.limits
    assert to_json(recipe) == to_json(recipe.model_copy(update={"use": "", "limits": ""}))
