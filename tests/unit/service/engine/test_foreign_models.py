"""SavedModels made for TensorFlow Serving: strings, several signatures, no rows, warm-up requests."""

import io
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.catalog import Signature, TensorSpec
from service.engine.servable import Servable
from service.errors import BadRequest
from tests.support import saved_models

Load = Callable[[str], Servable]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """Returns the servable of a foreign model, with batches of up to 4 rows. Each is loaded once."""
    folder, loaded = tmp_path_factory.mktemp("foreign"), {}

    def get(name: str) -> Servable:
        if name not in loaded:
            loaded[name] = Servable(saved_models.build_model(folder, name), max_batch_size=4)
        return loaded[name]

    yield get
    for servable in loaded.values():
        servable.unload()


def strings(*elements: bytes) -> np.ndarray:
    return np.array(elements, object)


def jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "JPEG")
    return file.getvalue()


def test_strings_are_inputs_and_outputs(load: Load) -> None:
    texts = load("texts").signatures["serving_default"]
    rows = {"text": strings(b"ink", b"", b"\xff\0\0", b"paw")}
    assert texts.check(rows) == 4
    outputs = texts.run(rows)
    assert outputs["shout"].tolist() == [b"ink!", b"!", b"\xff\0\0!", b"paw!"]
    assert outputs["length"].tolist() == [3, 0, 3, 3]
    assert texts.inputs == (TensorSpec("text", "string", (-1,), "serving_default_text:0"),)


def test_encoded_image_reaches_the_model_unchanged(load: Load) -> None:
    photos, image = load("photos").signatures["serving_default"], jpeg(31, 17)
    outputs = photos.run({"jpeg": strings(image)})
    assert (outputs["size"].tolist(), outputs["jpeg"].tolist()) == ([[17, 31, 3]], [image])


@pytest.mark.parametrize("wrong", [np.zeros(1, np.uint8), np.zeros(1, "S3"), np.array([[b"x"]], object)])
def test_other_than_strings_of_the_shape_are_refused(load: Load, wrong: np.ndarray) -> None:
    with pytest.raises(BadRequest, match="must be string"):
        load("texts").signatures["serving_default"].check({"text": wrong})


def test_strings_that_the_model_refuses_are_a_bad_request(load: Load) -> None:
    with pytest.raises(BadRequest, match="refuses these strings"):
        load("photos").run({"jpeg": strings(b"no JPEG")})


def test_every_signature_is_loaded(load: Load) -> None:
    several, rows = load("several"), {"x": np.array([1, 2], np.float32)}
    assert several.default_signature == "serving_default"
    assert {name: signature.run(rows)["y"].tolist() for name, signature in several.signatures.items()} == {
        "serving_default": [1, 2],
        "double": [2, 4],
        "negate": [-1, -2],
    }


def test_only_signature_is_the_default(load: Load) -> None:
    assert load("lone").default_signature == "only"
    assert load("lone").run({"x": np.array([3], np.float32)})["y"].tolist() == [6]


def test_several_signatures_may_have_no_default(load: Load) -> None:
    assert load("nameless").default_signature not in load("nameless").signatures


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [
        (
            "scalar",
            {"start": np.array(2, np.float32), "step": np.array(0.5, np.float32)},
            {"next": 2.5, "text": b"2.5"},
        ),
        ("fixed", {"x": np.array([[1, 2, 3]], np.float32)}, {"y": [[2, 4, 6]]}),
        ("total", {"x": np.array([-1, 4, -3], np.float32)}, {"positive": [4]}),
    ],
)
def test_without_rows_a_request_runs_by_itself(
    load: Load, name: str, inputs: dict[str, np.ndarray], outputs: dict[str, object]
) -> None:
    signature = load(name).signatures["serving_default"]
    assert (signature.batched, signature.sizes, signature.check(inputs)) == (False, (1,), 1)
    results = signature.run(inputs)
    assert {key: array.tolist() for key, array in results.items()} == outputs
    assert all(isinstance(array, np.ndarray) for array in results.values())
    with pytest.raises(BadRequest):
        signature.check({key: array[None] for key, array in inputs.items()})


def test_signature_is_described_with_its_batching(load: Load) -> None:
    described = load("fixed").signatures["serving_default"].describe()
    inputs = (TensorSpec("x", "float32", (1, 3), "serving_default_x:0"),)
    outputs = (TensorSpec("y", "float32", (1, 3), "PartitionedCall:0"),)
    assert described == Signature(inputs, outputs, batched=False, method_name="tensorflow/serving/predict")


@pytest.fixture
def stubborn(load: Load, tmp_path: Path) -> Path:
    """A copy of a model that fails on zeros."""
    load("stubborn").unload()
    return Path(shutil.copytree(load("stubborn")._path, tmp_path / "1"))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_model_without_a_working_warm_up_is_served(stubborn: Path, caplog: pytest.LogCaptureFixture) -> None:
    servable = Servable(stubborn, max_batch_size=4)
    assert servable.run({"x": np.array([7, 8], np.int32)})["y"].tolist() == [7, 8]
    (line,) = warnings(caplog)
    assert "without a warm-up" in line and "\n" not in line
    assert servable.signatures["serving_default"].sizes == (1, 2, 4)


def test_model_that_fails_on_zeros_is_warmed_by_a_request_that_runs(
    stubborn: Path, caplog: pytest.LogCaptureFixture
) -> None:
    examples = [{"x": np.array([1.5], np.float32)}, {"x": np.array([3], np.int32)}, {"x": np.array([9], np.int32)}]
    saved_models.write_warmup(stubborn, *examples)
    Servable(stubborn, max_batch_size=4).unload()
    assert warnings(caplog) == []


def test_requests_for_another_signature_warm_nothing(stubborn: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved_models.write_warmup(stubborn, {"x": np.array([9], np.int32)}, signature="other")
    Servable(stubborn, max_batch_size=4).unload()
    assert len(warnings(caplog)) == 1


def test_jpegs_are_warmed_by_a_request(load: Load, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    version_dir = Path(shutil.copytree(load("photos")._path, tmp_path / "1"))
    saved_models.write_warmup(version_dir, {"jpeg": strings(jpeg(8, 8))}, signature="serving_default")
    caplog.clear()
    Servable(version_dir, max_batch_size=4).unload()
    assert warnings(caplog) == []
