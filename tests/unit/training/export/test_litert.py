"""LiteRT forms answer as the SavedModels that they are made of."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from service.litert.runner import Runner, list_signatures
from training.data.dataset import Dataset, Split
from training.evaluation.inference import batch_inputs, run_form, run_servable
from training.export.litert import NotConvertible, convert, quantise, write_form
from training.export.outlier_score import extract_features, fit_outlier_score
from training.export.saved_model import export_classifier, export_generator
from training.export.signatures import EXPLAIN, WALK
from training.nets import gan
from training.nets.classifier import build_classifier
from training.recipes.loading import load_recipe
from training.run import Run

SIDE = 12


@pytest.fixture(scope="module")
def data() -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (60, SIDE, SIDE, 1), np.uint8)
    split = Split.of(images, np.arange(60) % 10)
    return Dataset("any", tuple("0123456789"), "photo", split, split, split)


@pytest.fixture(scope="module")
def classifier(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(3)
    recipe = load_recipe("digits", ["net.widths=[8, 32]", "net.depths=[1, 1]", f"data.size={SIDE}"])
    net = build_classifier(recipe, 1, 10)
    outputs, labels = extract_features(net, data.train, SIDE)
    score = fit_outlier_score(outputs, labels, outputs)
    return export_classifier(net, 2.0, score, data, Run(tmp_path_factory.mktemp("run"), recipe))


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(4)
    split = Split.of(np.zeros((4, 8, 8, 1), np.uint8), np.arange(4) % 2)
    data = Dataset("any", ("0", "1"), "digit", split, split, split)
    recipe = load_recipe("digits-gan", ["net.widths=[8, 4]", "truncation=0.9"])
    candidate = export_generator(
        gan.build_generator(recipe.gan, 8, 1, 2), data, Run(tmp_path_factory.mktemp("run"), recipe)
    )
    write_form(candidate, convert(candidate))
    return candidate


def test_form_has_every_signature_and_gives_the_same_answers(classifier: Path, data: Dataset) -> None:
    write_form(classifier, convert(classifier))
    for signature in ("serving_default", EXPLAIN):
        old, new = (
            run(classifier, batch_inputs(images=data.test.images()), signature) for run in (run_servable, run_form)
        )
        assert old.keys() == new.keys()
        for name, values in old.items():
            np.testing.assert_allclose(new[name], values, atol=1e-3)


def test_quantised_form_is_smaller_and_hardly_changes_probabilities(classifier: Path, data: Dataset) -> None:
    form = convert(classifier)
    quantised = quantise(form, data.train)
    assert len(quantised) < len(form) and list_signatures(quantised) == list_signatures(form)
    images = data.test.images()
    exact, rounded = (Runner(content, "serving_default").run({"images": images}) for content in (form, quantised))
    assert (exact["probabilities"] != rounded["probabilities"]).any()
    np.testing.assert_allclose(rounded["probabilities"], exact["probabilities"], atol=0.02)
    assert np.corrcoef(exact["outlier_score"], rounded["outlier_score"])[0, 1] > 0.99


@pytest.mark.parametrize("signature", ["serving_default", WALK])
def test_seed_is_the_same_picture_alone_and_in_a_batch_and_in_either_runtime(generator: Path, signature: str) -> None:
    rng, rows = np.random.default_rng(0), 40
    seeds = rng.integers(-(2**63), 2**63 - 1, (2, rows))
    inputs = {"labels": rng.integers(-1, 2, rows).astype(np.int32), "truncation": rng.uniform(0.1, 1, rows)}
    inputs["truncation"] = inputs["truncation"].astype(np.float32)
    if signature == WALK:
        position = np.linspace(0, 1, rows, dtype=np.float32)
        inputs |= {"seeds_from": seeds[0], "seeds_to": seeds[1], "position": position}
    else:
        inputs |= {"seeds": seeds[0]}
    graph = run_servable(generator, [inputs], signature)["images"].astype(int)
    together = run_form(generator, [inputs], signature)["images"].astype(int)
    rows_alone = ({name: values[row : row + 1] for name, values in inputs.items()} for row in range(rows))
    alone = run_form(generator, rows_alone, signature)["images"].astype(int)
    assert len(np.unique(graph)) > 20
    assert np.abs(together - graph).max() <= 1 and np.abs(alone - together).max() <= 1


def test_a_graph_that_litert_cannot_run_is_named(build_model: Callable[..., Path]) -> None:
    with pytest.raises(NotConvertible, match="LiteRT cannot run it"):
        convert(build_model("blot"))
