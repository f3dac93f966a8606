import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from service.manifest import MANIFEST_PATH
from training import model_store
from training.data.dataset import Dataset, Split
from training.errors import PublishError
from training.evaluation.figures import measure_classifier
from training.export.manifest import add_facts, read_manifest
from training.model_store import find_newest_version
from training.publish import publish
from training.recipes.data_schema import MnistData


def _data() -> Dataset:
    """Images of one pixel, whose brightness is their class."""
    labels = np.arange(100) % 2
    split = Split.of((labels * 255).astype(np.uint8).reshape(100, 1, 1, 1), labels)
    return Dataset("one-pixel", ("dark", "light"), "photo", split, split, split)


def _candidate(folder: Path, accuracy: float) -> Path:
    """A servable that is right for that share of the test pictures; it swaps the classes of the first ones."""

    class Rule(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 1, 1, 1], tf.uint8, "images")])
        def serve(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
            light = tf.cast(images[:, 0, 0, 0], tf.float32) / 255
            count = tf.shape(light)[0]
            rank = tf.cast(tf.range(count), tf.float32) / tf.cast(count, tf.float32)
            light = tf.where(rank < 1 - accuracy, 1 - light, light)
            return {"probabilities": tf.stack([1 - light, light], axis=1)}

    rule = Rule()
    tf.saved_model.save(rule, str(folder), signatures={"serving_default": rule.serve})
    (folder / "assets.extra").mkdir()
    facts = {
        "recipe": {"name": "rule", "seed": 1, "about": "A rule."},
        "data": {"name": "one-pixel", "train": 100},
        "validation": 100,
        "revision": "",
        "test": measure_classifier(folder, _data().test).as_dict(),
    }
    image = {"height": 1, "width": 1, "channels": 1, "treatment": "photo"}
    body = {"name": "rule", "kind": "classifier", "labels": ["dark", "light"], "image": image, "facts": facts}
    (folder / MANIFEST_PATH).write_text(json.dumps(body))
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(model_store, "MODELS", tmp_path / "models")
    return tmp_path


def test_versions_count_up_and_no_temporary_folder_is_left(folder: Path) -> None:
    first, _ = publish.publish(_candidate(folder / "a", 0.9), _data())
    second, comparison = publish.publish(_candidate(folder / "b", 1.0), _data())
    assert (first.name, second.name) == ("1", "2")
    assert comparison.current["accuracy"] == pytest.approx(0.9)
    assert sorted(path.name for path in (folder / "models/rule").iterdir()) == ["1", "2"]
    assert "accuracy 100.00%" in (second / "assets.extra/README.md").read_text()


def test_a_worse_candidate_is_refused_without_even_if_worse(folder: Path) -> None:
    publish.publish(_candidate(folder / "good", 0.95), _data())
    worse = _candidate(folder / "worse", 0.8)
    with pytest.raises(PublishError, match=r"accuracy +0\.8000 +0\.9500 +worse"):
        publish.publish(worse, _data())
    assert find_newest_version("rule").name == "1"  # type: ignore[union-attr]
    assert publish.publish(worse, _data(), even_if_worse=True)[0].name == "2"


def test_without_a_candidate_there_is_nothing_to_publish(folder: Path) -> None:
    with pytest.raises(PublishError, match="train first"):
        publish.publish(folder / "nothing", _data())


def test_figures_of_a_classifier_that_is_right_nine_times_in_ten(folder: Path) -> None:
    figures = measure_classifier(_candidate(folder / "c", 0.9), _data().test)
    assert figures.accuracy == pytest.approx(0.9) and figures.ece == pytest.approx(0.1)
    assert figures.confusion == [[45, 5], [5, 45]] and figures.confidence[-1] == 100


def test_older_versions_go_when_they_are_retired(folder: Path) -> None:
    publish.publish(_candidate(folder / "a", 0.9), _data())
    second, _ = publish.publish(_candidate(folder / "b", 1.0), _data(), retire=True)
    assert [path.name for path in (folder / "models/rule").iterdir()] == ["2"] == [second.name]


def test_a_comparison_as_text_is_a_table_that_marks_worse_figures() -> None:
    comparison = publish.Comparison({"accuracy": 0.991, "ece": 0.02}, {"accuracy": 0.99, "ece": 0.01})
    assert comparison.worse_figures == ["ece"]
    head, accuracy, ece = str(comparison).splitlines()
    assert head.split() == ["figure", "candidate", "published"]
    assert accuracy.split() == ["accuracy", "0.9910", "0.9900"] and ece.split() == ["ece", "0.0200", "0.0100", "worse"]


def test_a_candidate_that_reads_one_kind_of_synthetic_digits_worse_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accuracies = {"a": {"canvas": 0.99, "enlarged": 0.96}, "1": {"canvas": 0.98, "enlarged": 0.98}}
    publish.publish(_candidate(folder / "b", 1.0), _data())
    monkeypatch.setattr(
        publish, "measure_robustness", lambda version_dir, data: {"hands": accuracies[version_dir.name]}
    )
    with pytest.raises(PublishError, match=r"hands +0\.9600 +0\.9800 +worse"):
        publish.publish(_candidate(folder / "a", 1.0), _data())


def test_a_lower_frechet_distance_is_better() -> None:
    assert publish.Comparison({"frechet": 0.1}, {"frechet": 0.3}).worse_figures == []
    assert publish.Comparison({"frechet": 0.3}, {"frechet": 0.1}).worse_figures == ["frechet"]
    assert publish.Comparison({"frechet": 0.3}, {}).worse_figures == []


def test_a_version_of_another_size_is_measured_at_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = _candidate(folder / "a", 0.9)
    recipe = read_manifest(candidate).facts["recipe"]
    add_facts(candidate, recipe=recipe | {"data": {"name": "mnist", "size": 28, "train_size": 28, "validation": 0.2}})
    configs: list[object] = []
    monkeypatch.setattr(publish, "load", lambda config: configs.append(config) or _data())
    large = Split.of(np.zeros((4, 9, 9, 1), np.uint8), np.zeros(4, np.int32))
    data = Dataset("one-pixel", ("dark", "light"), "photo", large, large, large)
    assert publish.measure(candidate, data)["accuracy"] == pytest.approx(0.9)
    assert configs[0] == MnistData(size=1, validation=0.2)
