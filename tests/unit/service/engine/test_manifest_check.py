"""A manifest is held against what its SavedModel takes and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from service.catalog import TensorSpec
from service.engine.manifest_check import check_manifest
from service.engine.servable import Servable
from service.engine.version_check import Refused
from service.images import ImageInput
from service.manifest import Manifest

IMAGES = TensorSpec("images", "uint8", (-1, 8, 9, 3))
GENERATOR_INPUTS = (
    TensorSpec("seeds", "int64", (-1,)),
    TensorSpec("labels", "int32", (-1,)),
    TensorSpec("truncation", "float32", (-1,)),
)


@dataclass
class FakeServable:
    """A servable that takes these inputs and gives these outputs, whose first dimension is that of its rows."""

    manifest: Manifest | None
    inputs: tuple[TensorSpec, ...]
    given: dict[str, NDArray]
    sizes: tuple[int, ...] = (1, 2)

    def run(self, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
        rows = {array.shape[0] for array in inputs.values()}
        assert rows == {2}
        return self.given


def make_manifest(kind: str = "classifier", height: int = 8) -> Manifest:
    return Manifest("net", kind, ("a", "b"), ImageInput(height, 9, 3, "photo"))  # type: ignore[arg-type]


def make_floats(*shape: int) -> NDArray:
    return np.zeros(shape, np.float32)


def make_pixels(*shape: int) -> NDArray:
    return np.zeros(shape, np.uint8)


@pytest.mark.parametrize(
    "fitting",
    [
        FakeServable(make_manifest(), (IMAGES,), {"probabilities": make_floats(2, 2)}),
        FakeServable(
            make_manifest(),
            (IMAGES,),
            {"probabilities": make_floats(2, 2), "outlier_score": make_floats(2), "more": make_floats(1)},
        ),
        FakeServable(
            make_manifest(), (TensorSpec("x", "uint8", (-1, -1, -1, 3)),), {"probabilities": make_floats(2, 2)}
        ),
        FakeServable(make_manifest("generator"), GENERATOR_INPUTS, {"images": make_pixels(2, 8, 9, 3)}),
        FakeServable(None, (TensorSpec("text", "object", (-1,)),), {}),
    ],
    ids=["classifier", "with an outlier score", "any size", "generator", "no manifest"],
)
def test_a_manifest_that_fits_is_taken(fitting: FakeServable) -> None:
    check_manifest(fitting)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("misfit", "reason"),
    [
        (FakeServable(make_manifest(height=7), (IMAGES,), {}), r"\[-1, 7, 9, 3\].*takes images uint8 \[-1, 8, 9, 3\]"),
        (FakeServable(make_manifest(), (TensorSpec("images", "float32", IMAGES.shape),), {}), "takes images float32"),
        (FakeServable(make_manifest(), (IMAGES, IMAGES), {}), "one input"),
        (FakeServable(make_manifest(), GENERATOR_INPUTS, {}), "takes seeds int64"),
        (FakeServable(make_manifest(), (IMAGES,), {"logits": make_floats(2, 2)}), "'probabilities'.*gives logits"),
        (
            FakeServable(make_manifest(), (IMAGES,), {"probabilities": make_floats(2, 3)}),
            r"\[2, 2\].*gives float32 \[2, 3\]",
        ),
        (FakeServable(make_manifest(), (IMAGES,), {"probabilities": make_floats(1, 2)}), r"gives float32 \[1, 2\]"),
        (FakeServable(make_manifest(), (IMAGES,), {"probabilities": make_pixels(2, 2)}), "gives uint8"),
        (
            FakeServable(
                make_manifest(), (IMAGES,), {"probabilities": make_floats(2, 2), "outlier_score": make_floats(2, 1)}
            ),
            "'outlier_score'",
        ),
        (FakeServable(make_manifest("generator"), (IMAGES,), {}), "seeds int64.*takes images uint8"),
        (FakeServable(make_manifest("generator"), GENERATOR_INPUTS[:2], {}), "truncation"),
        (
            FakeServable(make_manifest("generator"), GENERATOR_INPUTS, {"images": make_pixels(2, 8, 8, 3)}),
            r"gives uint8 \[2, 8, 8, 3\]",
        ),
        (
            FakeServable(make_manifest("generator"), GENERATOR_INPUTS, {"images": make_floats(2, 8, 9, 3)}),
            "gives float32",
        ),
    ],
)
def test_a_misfit_is_refused_in_a_sentence(misfit: FakeServable, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        check_manifest(misfit)  # type: ignore[arg-type]
    assert refused.value.reason == "manifest" and "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["tiny", "blot"])
def test_a_savedmodel_is_held_against_its_manifest(build_model: Callable[..., Path], name: str) -> None:
    servable = Servable(build_model(name), max_batch_size=2)
    check_manifest(servable)
    assert servable.manifest is not None
    image = ImageInput(27, 28, 1, "digit")
    servable.manifest = Manifest(name, servable.manifest.kind, servable.manifest.labels, image)
    with pytest.raises(Refused, match="27"):
        check_manifest(servable)
    servable.unload()
