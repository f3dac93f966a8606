"""LiteRT forms answer as the SavedModels that they are made of."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.litert.runner import Runner, list_signatures
from tests.support.candidates import (
    export_small_classifier,
    export_small_generator,
    make_noise_data,
    make_residual_recipe,
)
from training.data.dataset import Dataset
from training.evaluation.inference import batch_inputs, run_form, run_servable
from training.export.litert import NotConvertible, convert, quantise, write_form
from training.export.signatures import EXPLAIN, WALK


@pytest.fixture(scope="module")
def data() -> Dataset:
    return make_noise_data()


@pytest.fixture(scope="module")
def classifier(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    candidate, _ = export_small_classifier(tmp_path_factory.mktemp("run"), data, make_residual_recipe(8, 32))
    return candidate


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    candidate = export_small_generator(tmp_path_factory.mktemp("run"), truncation=0.9)
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
