import msgspec
import pytest

from service.manifest import TrainedManifest
from training.publish import model_card as card
from training.publish.model_card import write_card

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


def test_a_classifiers_card_tells_every_figure_and_how_to_make_it_again() -> None:
    text = _card(
        "classifier",
        {
            "images": 50,
            "accuracy": 0.987,
            "ece": 0.012,
            "confusion": [[20, 5], [0, 25]],
            "outliers": {"scikit-image": 0.97},
            "hands": {"canvas": 0.98},
        },
    )
    for told in ("98.70%", "1.20%", "| 0 | 20 | 5 |", "scikit-image: 0.970", "drawn on a canvas: 98.0%"):
        assert told in text
    for told in ("python -m training train digits", "evaluate digits", "abc1234", "seed 4", "9 epochs", "keras 3.0"):
        assert told in text
    assert "Limits:" in text and "100 training images" in text


def test_a_generators_card_shows_the_nearest_training_images() -> None:
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
    for told in ("99.10%", "98.0%", "0.500", "0.200", "98.60%", f"]({card.NEAREST})"):
        assert told in text


def test_a_model_that_was_not_measured_says_so() -> None:
    assert "Not measured." in _write(
        {"name": "other", "kind": "classifier", "labels": ["0"], "image": IMAGE, "facts": FACTS}
    )


@pytest.mark.parametrize("before", [{"teachers": ["digits-wide"]}, {"init_from": "digits-wide"}])
def test_a_card_names_what_to_train_first(before: dict[str, object]) -> None:
    facts = FACTS | {"recipe": FACTS["recipe"] | before}  # type: ignore[operator]
    text = _write({"name": "digits", "kind": "classifier", "labels": ["0"], "image": IMAGE, "facts": facts})
    commands = [f"python -m training train {name}\n" for name in ("digits-teacher", "digits-wide", "digits")]
    assert [text.count(each) for each in commands] == [1, 1, 1]
    assert sorted(commands, key=text.index) == commands  # the teacher of digits-wide is needed before it


def test_a_card_says_what_share_of_the_noise_is_drawn_from() -> None:
    facts = FACTS | {"recipe": FACTS["recipe"] | {"truncation": 0.96}}  # type: ignore[operator]
    text = _write({"name": "digits-gan", "kind": "generator", "labels": ["0"], "image": IMAGE, "facts": facts})
    assert "Draws from 96% of the noise it was trained with" in text
