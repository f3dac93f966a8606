"""`--precision mixed`: the 16-bit float type that suits the device."""

import json
from pathlib import Path

import pytest
import tensorflow as tf
from typer.testing import CliRunner

from training.cli import app
from training.fit.precision import adapt_policy, choose_policy


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [([], "mixed_bfloat16"), ([(9, 0)], "mixed_bfloat16"), ([(7, 5)], "mixed_float16"), ([{}], "mixed_bfloat16")],
)
def test_mixed_precision_depends_on_the_gpu(
    monkeypatch: pytest.MonkeyPatch, capabilities: list[object], policy: str
) -> None:
    details = [{"compute_capability": capability} if capability else {} for capability in capabilities]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(range(len(details))))
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details[gpu])
    assert choose_policy("mixed") == policy
    assert choose_policy("full") == "float32"


@pytest.mark.parametrize(
    ("supported", "gpus", "policy"),
    [(True, 0, "mixed_bfloat16"), (False, 1, "mixed_bfloat16"), (False, 0, "float32")],
)
def test_a_cpu_without_bfloat16_trains_in_float32(
    monkeypatch: pytest.MonkeyPatch, supported: bool, gpus: int, policy: str
) -> None:
    monkeypatch.setattr("training.fit.precision.has_bfloat16", lambda: supported)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(range(gpus)))
    assert adapt_policy("mixed_bfloat16") == policy
    assert adapt_policy("float32") == "float32"
    # its optimiser scales the loss, so another policy would not continue the same run
    assert adapt_policy("mixed_float16") == "mixed_float16"


def test_precision_option_trains_and_is_stored_in_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "digits8-cnn", "--precision", "mixed", "--set", "epochs=2", "--set", "steps=45"]
    result = CliRunner().invoke(
        app, [*arguments, "--set", "batch_size=32", "--set", "optimiser={name = 'adam', learning_rate = 1e-3}"]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(Path("runs/digits8-cnn/recipe.json").read_text())["precision"].startswith("mixed_")
    figures = dict(line.split(": ", 1) for line in result.output.splitlines() if ": " in line)
    assert float(figures["accuracy"]) > 0.7
