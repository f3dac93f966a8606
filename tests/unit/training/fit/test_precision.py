"""`--precision mixed`: the 16-bit floats that suit the device."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from service import bfloat16
from training.cli import app
from training.fit import precision


@pytest.mark.parametrize(
    ("capabilities", "policy"),
    [([], "mixed_bfloat16"), ([(9, 0)], "mixed_bfloat16"), ([(7, 5)], "mixed_float16"), ([{}], "mixed_bfloat16")],
)
def test_mixed_is_what_suits_the_device(
    monkeypatch: pytest.MonkeyPatch, capabilities: list[object], policy: str
) -> None:
    details = [{"compute_capability": each} if each else {} for each in capabilities]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(range(len(details))))
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details[gpu])
    assert precision.policy("mixed") == policy
    assert precision.policy("full") == "float32"


@pytest.mark.parametrize(
    ("multiplies", "gpus", "trained_in"),
    [(True, 0, "mixed_bfloat16"), (False, 1, "mixed_bfloat16"), (False, 0, "float32")],
)
def test_a_cpu_without_bfloat16_trains_in_float32(
    monkeypatch: pytest.MonkeyPatch, multiplies: bool, gpus: int, trained_in: str
) -> None:
    monkeypatch.setattr(bfloat16, "multiplies", lambda: multiplies)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(range(gpus)))
    assert precision.here("mixed_bfloat16") == trained_in
    assert precision.here("float32") == "float32"
    assert precision.here("mixed_float16") == "mixed_float16"  # its optimiser scales the loss: not the same run


def test_the_command_line_trains_in_it_and_the_recipe_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["train", "digits8-cnn", "--precision", "mixed", "--set", "epochs=2", "--set", "steps=45"]
    done = CliRunner().invoke(
        app, [*words, "--set", "batch_size=32", "--set", "optimiser={name = 'adam', learning_rate = 1e-3}"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(Path("runs/digits8-cnn/recipe.json").read_text())["precision"].startswith("mixed_")
    figures = dict(line.split(": ", 1) for line in done.output.splitlines() if ": " in line)
    assert float(figures["accuracy"]) > 0.7


NUMBERS = st.floats(-(2.0**99), 2.0**99, width=32)


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_kernels_are_rounded_to_the_bits_of_bfloat16(numbers: list[float]) -> None:
    kernel = np.array([numbers], np.float32)
    kept = precision.short(kernel)
    normal = np.abs(kernel) > np.finfo(np.float32).tiny
    assert np.all(np.abs(kept - kernel)[normal] <= np.abs(kernel)[normal] / 256)
    assert np.array_equal(precision.short(kept), kept)


@given(NUMBERS)
def test_they_are_rounded_as_tensorflow_rounds_to_bfloat16_but_for_ties(number: float) -> None:
    kept = precision.short(np.full((2, 2), number, np.float32))[0, 0]
    rounded = float(tf.cast(tf.cast(number, tf.bfloat16), tf.float32))
    assert kept == rounded or abs(kept - np.float32(number)) == abs(rounded - np.float32(number))


def test_vectors_stay_as_they_are() -> None:
    vector = np.array([1 / 3, 1e-9], np.float32)
    assert np.array_equal(precision.short(vector), vector)


def test_a_shortened_model_has_only_kernels_of_those_bits() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, kernel_initializer="he_normal")])
    before = model.get_weights()
    precision.shorten(model)
    assert not np.array_equal(model.get_weights()[0], before[0])
    for was, now in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(now, precision.short(was))
