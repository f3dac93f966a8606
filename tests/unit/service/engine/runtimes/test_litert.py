"""Versions with a LiteRT form run in LiteRT, and answer as in TensorFlow."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.catalog import Version
from service.engine.runtimes import choice, litert
from service.engine.runtimes.choice import Runtimes
from service.engine.servable import Servable
from service.errors import BadRequest
from service.litert import LITERT_PATH
from tests.support import saved_models

BuildModel = Callable[..., Path]
ROOT = Path(__file__).parents[5]


def make_images(rows: int) -> np.ndarray:
    return np.random.default_rng(rows).integers(0, 256, (rows, 28, 28, 1), np.uint8)


@pytest.fixture
def large_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes must not depend on the speed of this machine."""
    monkeypatch.setattr(litert, "_LEAST_GAIN", -100.0)
    monkeypatch.setattr(litert, "select_batch_sizes", tuple)


@pytest.fixture
def partial_form(tmp_path: Path) -> Path:
    """A version with three signatures, and a form of one of them."""
    from training.export.litert import _convert, write_form

    version_dir = saved_models.build_model(tmp_path, "several")
    write_form(version_dir, _convert(version_dir, ["serving_default"]))
    return version_dir


def test_answers_are_those_of_tensorflow_in_every_batch(build_form: BuildModel, large_batches: None) -> None:
    form = Servable(build_form("tiny"), max_batch_size=8)
    graph = Servable(build_form("tiny"), max_batch_size=8, runtimes=Runtimes("tensorflow"))
    assert (form.runtime, graph.runtime) == ("litert", "tensorflow")
    assert form.signatures["serving_default"].describe() == graph.signatures["serving_default"].describe()
    assert form.sizes == (1, 2, 4, 8)
    for size in form.sizes:
        images = make_images(size)
        expected = graph.run({"images": images})["probabilities"]
        np.testing.assert_allclose(form.run({"images": images})["probabilities"], expected, atol=1e-6)
    graph.unload()


def test_a_servable_with_a_form_never_imports_tensorflow(build_form: BuildModel) -> None:
    code = (
        "import sys; from pathlib import Path; from service.engine.servable import Servable\n"
        "servable = Servable(Path(sys.argv[1]), 4)\n"
        "sys.exit('tensorflow' in sys.modules or servable.runtime != 'litert')"
    )
    process = subprocess.run([sys.executable, "-c", code, build_form("tiny")], cwd=ROOT, capture_output=True)
    assert (process.returncode, process.stderr) == (0, b"")


def test_threads_that_run_at_once_do_not_mix_their_rows(build_form: BuildModel) -> None:
    servable = Servable(build_form("tiny"), max_batch_size=1, runtimes=Runtimes(threads=2))
    images = make_images(4)
    expected = [servable.run({"images": images[row : row + 1]})["probabilities"] for row in range(4)]
    wrong: list[int] = []

    def work(row: int) -> None:
        for _ in range(200):
            if not np.array_equal(servable.run({"images": images[row : row + 1]})["probabilities"], expected[row]):
                wrong.append(row)

    threads = [threading.Thread(target=work, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_batches_grow_only_while_rows_get_cheaper(build_form: BuildModel) -> None:
    program = litert.LiteRtProgram(build_form("tiny"), Servable(build_form("tiny"), 1)._programs[0].signatures, 1)
    tried: list[int] = []

    def time_run(size: int) -> float:
        tried.append(size)
        return 0.001 * size + 0.0001

    assert program.select_sizes("serving_default", (1, 2, 4, 8, 16, 32), time_run) == (1, 2)
    assert tried == [1, 2, 4]


def test_signature_that_a_form_lacks_runs_in_tensorflow(partial_form: Path) -> None:
    servable, rows = Servable(partial_form, max_batch_size=4), {"x": np.array([1, 2], np.float32)}
    assert servable.runtime == "litert+tensorflow" and servable.unserved == {}
    assert {name: signature.run(rows)["y"].tolist() for name, signature in servable.signatures.items()} == {
        "serving_default": [1, 2],
        "double": [2, 4],
        "negate": [-1, -2],
    }
    servable.unload()


def test_signature_that_a_form_lacks_is_refused_where_only_litert_runs(partial_form: Path) -> None:
    servable = Servable(partial_form, max_batch_size=4, runtimes=Runtimes("litert"))
    assert list(servable.signatures) == ["serving_default"]
    version = Version(1, "AVAILABLE", signatures={}, unserved=servable.unserved)
    with pytest.raises(BadRequest, match=r"'double' is not served: it is not in the LiteRT form .*INKPAW_RUNTIME"):
        version.get_signature("double")


def test_version_without_a_form_says_what_is_missing_and_how_to_get_it(
    build_model: BuildModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = rf"no LiteRT form \({LITERT_PATH}\).*python -m training convert"
    with pytest.raises(BadRequest, match=sentence):
        Servable(build_model("tiny"), max_batch_size=1, runtimes=Runtimes("litert"))
    monkeypatch.setattr(choice, "has_tensorflow", lambda: False)
    with pytest.raises(BadRequest, match=sentence):
        Servable(build_model("tiny"), max_batch_size=1, runtimes=Runtimes("auto"))


def test_on_a_gpu_a_form_is_not_looked_at(build_form: BuildModel) -> None:
    for setting in ("auto", "litert"):
        servable = Servable(build_form("tiny"), 1, runtimes=Runtimes(setting, on_gpu=True))  # type: ignore[arg-type]
        assert servable.runtime == "tensorflow"
        servable.unload()


def test_broken_form_is_refused(build_form: BuildModel, tmp_path: Path) -> None:
    version_dir = Path(shutil.copytree(build_form("tiny"), tmp_path / "1"))
    (version_dir / LITERT_PATH).write_bytes((version_dir / LITERT_PATH).read_bytes()[:1000])
    with pytest.raises(ValueError, match="model"):
        Servable(version_dir, max_batch_size=1)


def test_form_of_another_model_is_refused(build_form: BuildModel, partial_form: Path) -> None:
    shutil.copy(build_form("tiny") / LITERT_PATH, partial_form / LITERT_PATH)
    with pytest.raises(BadRequest, match="other inputs or outputs"):
        Servable(partial_form, max_batch_size=1)
