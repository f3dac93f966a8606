"""Why a version does not load is told to clients, so it names no path of this machine."""

from pathlib import Path

import pytest
import tensorflow as tf

from service.engine.servable import Servable
from service.engine.version_check import Refused, explain
from service.manifest import ManifestError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Cannot parse file {dir}/saved_model.pb: wire", "Cannot parse file net/3/saved_model.pb: wire"),
        ("[Errno 13] Permission denied: '/srv/secret/key.pem'", "[Errno 13] Permission denied: 'key.pem'"),
        ("No such file or directory: '/srv'", "No such file or directory: 'srv'"),
        ("file:///opt/tf/lib.so: bad", "file:lib.so: bad"),
        ("(/usr/lib/a.py:12) and/or a / b, 3/4", "(a.py:12) and/or a / b, 3/4"),
        ("op StatefulPartitionedCall/dense/MatMul", "op StatefulPartitionedCall/dense/MatMul"),
        ("", "ValueError"),
        ("Graph execution error:\n\nthe file is too short\nand more", "the file is too short"),
        ("Only a heading:", "Only a heading:"),
    ],
)
def test_paths_of_the_machine_are_not_told(tmp_path: Path, text: str, shown: str) -> None:
    version_dir = tmp_path / "a folder" / "net" / "3"
    assert str(explain(ValueError(text.replace("{dir}", str(version_dir))), version_dir)) == shown


def test_paths_are_not_told_where_the_folder_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "the store" / "net" / "3").mkdir(parents=True)
    (tmp_path / "models").symlink_to("the store")
    monkeypatch.chdir(tmp_path)
    text = f"{tmp_path}/the store/net/3/a, {tmp_path}/models/net/3/b, models/net/3/c"
    assert str(explain(ValueError(text), Path("models/net/3"))) == "net/3/a, net/3/b, net/3/c"


def test_long_error_is_cut_after_its_paths_are_hidden(tmp_path: Path) -> None:
    error = ValueError("/" * 100_000 + "a" * 100_000 + "/b" * 100_000)
    assert len(str(explain(error, tmp_path / "net" / "3"))) <= 300


def test_a_broken_manifest_is_told_as_such(tmp_path: Path) -> None:
    assert explain(ManifestError("bad"), tmp_path).reason == "manifest"
    refused = Refused("memory", "It needs /more.")
    assert explain(refused, tmp_path) is refused


class Scaled(tf.Module):
    """A model with a variable, so that its version has files beside the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def serve(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x * self.scale}


@pytest.mark.parametrize("broken", ["saved_model.pb", "variables/variables.index", "variables/*.data-*", "*/*"])
def test_messages_of_tensorflow_tell_no_paths(tmp_path: Path, broken: str) -> None:
    version_dir = tmp_path / "the models" / "net" / "3"
    model = Scaled()
    tf.saved_model.save(model, str(version_dir), signatures={"serving_default": model.serve})
    Servable(version_dir, max_batch_size=1).unload()
    for file in version_dir.glob(broken):
        if broken == "*/*":
            file.unlink()
        else:
            file.write_text("no model")
    with pytest.raises(Exception) as caught:
        Servable(version_dir, max_batch_size=1)
    sentence = str(explain(caught.value, version_dir))
    assert "net/3" in sentence or str(tmp_path) not in str(caught.value)
    assert not sentence.endswith(":")
    assert str(tmp_path) not in sentence and tmp_path.name not in sentence and "the models" not in sentence
