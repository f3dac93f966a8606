"""Signatures are read from `saved_model.pb` as TensorFlow reads them, without importing it."""

import subprocess
import sys
from pathlib import Path

import pytest
from tensorflow.python.saved_model.loader_impl import parse_saved_model

from service.engine.saved_model_file import read_signature_defs
from service.engine.signature_def import describe, select_signatures
from service.errors import BadRequest
from tests.support import saved_models

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", ["several", "scalar", "fixed", "texts"])
def test_signatures_are_those_that_tensorflow_reads(name: str, tmp_path: Path) -> None:
    version_dir = saved_models.build_model(tmp_path, name)
    (graph,) = parse_saved_model(str(version_dir)).meta_graphs
    expected, read = select_signatures(graph.signature_def), select_signatures(read_signature_defs(version_dir))
    assert list(read) == list(expected)
    assert {key: describe(value) for key, value in read.items()} == {
        key: describe(value) for key, value in expected.items()
    }


@pytest.mark.parametrize(("content", "sentence"), [(b"\xff\xff", "no SavedModel"), (b"", "no graph with the tag")])
def test_what_is_no_savedmodel_is_refused(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(BadRequest, match=sentence):
        read_signature_defs(tmp_path)


def test_no_module_of_the_engine_imports_tensorflow_before_it_is_needed() -> None:
    code = "import sys, service.engine.process; sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
