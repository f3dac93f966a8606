"""A published version gets today's signatures from its own weights, and goes on answering the same."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from service.manifest import MANIFEST_PATH
from tests.support.candidates import export_small_classifier, make_noise_data, make_residual_recipe
from training.data.dataset import Dataset
from training.errors import PublishError
from training.evaluation.inference import batch_inputs, run_servable
from training.export.manifest import read_manifest
from training.export.signatures import EXPLAIN
from training.publish import re_export as module
from training.publish.re_export import re_export


@pytest.fixture(scope="module")
def data() -> Dataset:
    return make_noise_data()


@pytest.fixture(scope="module")
def version_dir(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version as it was published before there were other signatures."""
    candidate, _ = export_small_classifier(tmp_path_factory.mktemp("run"), data, make_residual_recipe(4, 8))
    serve = tf.saved_model.load(str(candidate)).signatures["serving_default"]
    folder = tmp_path_factory.mktemp("models") / "digits/5"
    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": serve})
    (folder / MANIFEST_PATH).parent.mkdir()
    manifest = json.loads((candidate / MANIFEST_PATH).read_text())
    manifest["facts"]["test"] = {"slow figure": 3}
    (folder / MANIFEST_PATH).write_text(json.dumps(manifest))
    return folder


def test_signatures_are_added_and_answers_stay(version_dir: Path, data: Dataset, tmp_path: Path) -> None:
    candidate = re_export(version_dir, data, tmp_path / "candidate")
    images = data.test.images()
    old, new = (run_servable(folder, batch_inputs(images=images)) for folder in (version_dir, candidate))
    assert set(old) == set(new) == {"probabilities", "outlier_score"}
    for name, values in old.items():
        np.testing.assert_array_equal(new[name], values)
    assert run_servable(candidate, batch_inputs(images=images), EXPLAIN)["maps"].shape == (60, 6, 6, 10)
    facts = read_manifest(candidate).facts
    assert facts["weights_of"] == "digits version 5"
    assert {"slow figure", "accuracy", "deletion"} <= set(facts["test"])


def test_a_re_export_can_be_exported_again(version_dir: Path, data: Dataset, tmp_path: Path) -> None:
    first = re_export(version_dir, data, tmp_path / "first")
    second = re_export(first, data, tmp_path / "second")
    outputs = [run_servable(folder, batch_inputs(images=data.test.images()), EXPLAIN) for folder in (first, second)]
    np.testing.assert_array_equal(outputs[0]["maps"], outputs[1]["maps"])


def test_other_answers_are_refused(
    version_dir: Path, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOLERANCE", -1.0)
    with pytest.raises(PublishError, match=r"does not answer as .*differ by up to 0"):
        re_export(version_dir, data, tmp_path / "candidate")
