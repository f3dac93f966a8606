"""A loaded SavedModel: its signature, its batch sizes and what does not load."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from service.catalog import TensorSpec
from service.engine.batch_sizes import select_batch_sizes
from service.engine.runtimes import tensorflow
from service.engine.servable import Servable
from service.errors import BadRequest
from service.hardware import has_bfloat16
from service.manifest import ManifestError

BuildModel = Callable[..., Path]


@pytest.fixture(scope="module")
def tiny(build_model: BuildModel) -> Iterator[Servable]:
    with pytest.MonkeyPatch.context() as patch:
        # the sizes must not depend on the speed of this machine
        patch.setattr(tensorflow, "select_batch_sizes", tuple)
        yield Servable(build_model("tiny"), max_batch_size=4)


def make_images(rows: int) -> np.ndarray:
    return np.random.default_rng(rows).integers(0, 256, (rows, 28, 28, 1), np.uint8)


def test_inputs_and_outputs_are_described(tiny: Servable) -> None:
    assert tiny.inputs == (TensorSpec("images", "uint8", (-1, 28, 28, 1), "serving_default_images:0"),)
    assert tiny.outputs == (TensorSpec("probabilities", "float32", (-1, 10), "PartitionedCall_1:0"),)
    assert tiny.manifest is not None and tiny.manifest.name == "tiny"


def test_a_row_gets_the_same_answer_in_every_batch(tiny: Servable) -> None:
    rows = make_images(4)
    together = tiny.run({"images": rows})["probabilities"]
    alone = np.concatenate([tiny.run({"images": rows[row : row + 1]})["probabilities"] for row in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_mixed_precision_hardly_changes_probabilities(build_model: BuildModel, tiny: Servable) -> None:
    rows, servable = make_images(4), Servable(build_model("tiny"), max_batch_size=4, mixed=True)
    rounded, exact = (model.run({"images": np.repeat(rows, 8, 0)})["probabilities"] for model in (servable, tiny))
    np.testing.assert_allclose(rounded, exact, atol=0.05)
    if has_bfloat16():
        assert (rounded != exact).any()
    servable.unload()


def test_rows_are_padded_to_the_smallest_size_that_holds_them(tiny: Servable) -> None:
    assert [tiny.signatures["serving_default"].size_for(rows) for rows in (1, 2, 3, 4)] == [1, 2, 4, 4]


def test_check_returns_the_number_of_rows(tiny: Servable) -> None:
    assert tiny.signatures["serving_default"].check({"images": make_images(3)}) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"pictures": np.zeros((1, 28, 28, 1), np.uint8)},
        {"images": np.zeros((1, 28, 28, 1), np.float32)},
        {"images": np.zeros((1, 28, 28), np.uint8)},
        {"images": np.zeros((1, 28, 29, 1), np.uint8)},
        {"images": np.zeros((0, 28, 28, 1), np.uint8)},
        {"images": np.zeros((), np.uint8)},
        {"images": np.zeros((1, 28, 28, 1), np.uint8), "more": np.zeros(1)},
    ],
    ids=lambda wrong: ",".join(f"{name}{list(array.shape)}{array.dtype}" for name, array in wrong.items()) or "none",
)
def test_inputs_that_do_not_match_the_signature_are_refused(tiny: Servable, wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(BadRequest):
        tiny.signatures["serving_default"].check(wrong)


def test_inputs_of_different_length_are_refused(build_model: BuildModel) -> None:
    blot = Servable(build_model("blot"), max_batch_size=2)
    short = {"seeds": np.zeros(2, np.int64), "labels": np.zeros(1, np.int32), "truncation": np.ones(2, np.float32)}
    with pytest.raises(BadRequest, match="same first dimension"):
        blot.signatures["serving_default"].check(short)
    blot.unload()


def copy_tiny(build_model: BuildModel, folder: Path) -> Path:
    return Path(shutil.copytree(build_model("tiny"), folder / "1"))


def test_a_generator_is_exact_in_mixed_precision(build_model: BuildModel, tiny: Servable, tmp_path: Path) -> None:
    folder = copy_tiny(build_model, tmp_path)
    manifest = folder / "assets.extra" / "servable.json"
    manifest.write_text(manifest.read_text().replace('"classifier"', '"generator"'))
    generator = Servable(folder, max_batch_size=4, mixed=True)
    exact, generated = (model.run({"images": make_images(4)})["probabilities"] for model in (tiny, generator))
    np.testing.assert_array_equal(generated, exact)
    generator.unload()


def test_a_savedmodel_cut_short_does_not_load(build_model: BuildModel, tmp_path: Path) -> None:
    folder = copy_tiny(build_model, tmp_path)
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:1000])
    with pytest.raises(Exception, match=r"(?i)pars|saved_model"):
        Servable(folder, max_batch_size=2)


def test_a_broken_manifest_does_not_load(build_model: BuildModel, tmp_path: Path) -> None:
    folder = copy_tiny(build_model, tmp_path)
    (folder / "assets.extra" / "servable.json").write_text("{")
    with pytest.raises(ManifestError):
        Servable(folder, max_batch_size=2)


def test_foreign_savedmodel_loads_without_a_manifest(build_model: BuildModel, tmp_path: Path) -> None:
    folder = copy_tiny(build_model, tmp_path)
    shutil.rmtree(folder / "assets.extra")
    servable = Servable(folder, max_batch_size=2)
    assert servable.manifest is None
    assert servable.signatures["serving_default"].check({"images": make_images(1)}) == 1
    servable.unload()


@pytest.mark.parametrize(
    ("seconds_per_row", "expected"),
    [
        ({1: 1.0, 2: 0.6, 4: 0.4, 8: 0.3}, (1, 2, 4, 8)),
        ({1: 1.0, 2: 0.6, 4: 0.59, 8: 0.58}, (1, 2)),
        ({1: 1.0, 2: 1.1, 4: 1.2, 8: 1.3}, (1,)),
    ],
    ids=["cheaper to the end", "hardly cheaper from 2 on", "cheapest alone"],
)
def test_batches_grow_as_long_as_rows_get_cheaper(seconds_per_row: dict[int, float], expected: tuple[int, ...]) -> None:
    assert select_batch_sizes({size: size * seconds for size, seconds in seconds_per_row.items()}) == expected
