"""From a trained net to a servable: a SavedModel whose graph takes uint8 images, and what it says of itself."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from training.data import Dataset
from training.evaluation.inference import FEATURES
from training.export.outlier_score import Outliers
from training.nets import levels, noise
from training.run import Run

SIGNATURE = "serving_default"
LIBRARIES = ("tensorflow-cpu", "keras", "numpy", "pillow")

Signature = Callable[..., dict[str, tf.Tensor]]


def _frozen(function: Signature, specs: dict[str, tf.TensorSpec]) -> Signature:
    """The same function with its weights as constants: graph optimisers fold batch norms into convolutions then."""
    concrete = tf.function(function).get_concrete_function(**specs)
    names = sorted(concrete.structured_outputs)
    frozen = convert_variables_to_constants_v2(concrete)
    order = [tensor.name.split(":")[0] for tensor in frozen.inputs]

    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = frozen(*(inputs[name] for name in order))
        return {name: tf.identity(output, name) for name, output in zip(names, outputs, strict=True)}

    return call


def save(function: Signature, specs: dict[str, tf.TensorSpec], folder: Path) -> None:
    """Write `folder/saved_model.pb` and `variables/` with `function` as its `serving_default`."""
    shutil.rmtree(folder, ignore_errors=True)
    module = tf.Module()
    traced = tf.function(_frozen(function, specs), input_signature=None)
    signature = traced.get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: signature})
    (folder / "fingerprint.pb").unlink(missing_ok=True)


def classifier(model: keras.Model, temperature: float, outliers: Outliers, data: Dataset, run: Run) -> Path:
    """The candidate of a classifier's run: `images` uint8 [N,H,W,C] -> `probabilities` float32 [N,K] and
    `outlier_score` float32 [N]: the share of validation images that are less strange (training.export.outlier_score).
    """
    side, channels = run.recipe.data.size, data.train.shape[2]
    net = levels(model)

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        seen = net(tf.cast(images, tf.float32), training=False)
        seen[-1] = tf.identity(seen[-1], FEATURES)  # measures find it by its name
        return {"probabilities": tf.nn.softmax(seen[0] / temperature), "outlier_score": outliers.score(seen)}

    save(serve, {"images": tf.TensorSpec([None, side, side, channels], tf.uint8, "images")}, run.candidate)
    image = {"height": side, "width": side, "channels": channels, "treatment": data.treatment}
    describe(run, "classifier", data, image)
    return run.candidate


def generator(model: keras.Model, data: Dataset, run: Run) -> Path:
    """The candidate of a GAN's run: `seeds` int64 [N], `labels` int32 [N] (-1 is any), `truncation` float32 [N] ->
    `images` uint8 [N,H,W,C]. `truncation` below 1 draws nearer to the usual, with less variety (Brock et al. 2018); the
    recipe's own comes on top.
    """
    (side, _, channels), classes, recipe = data.train.shape, len(data.classes), run.recipe

    def serve(seeds: tf.Tensor, labels: tf.Tensor, truncation: tf.Tensor) -> dict[str, tf.Tensor]:
        known = tf.where(labels < 0, noise.choices(seeds, classes), labels % classes)
        drawn = noise.normals(seeds, recipe.net.latent) * recipe.truncation * truncation[:, None]
        pictures = model([drawn, known], training=False)
        return {"images": tf.cast(tf.round((tf.clip_by_value(pictures, -1, 1) + 1) * 127.5), tf.uint8)}

    kinds = {"seeds": tf.int64, "labels": tf.int32, "truncation": tf.float32}
    save(serve, {name: tf.TensorSpec([None], kind, name) for name, kind in kinds.items()}, run.candidate)
    image = {"height": side, "width": side, "channels": channels, "treatment": data.treatment}
    describe(run, "generator", data, image)
    return run.candidate


def describe(run: Run, kind: str, data: Dataset, image: dict[str, object]) -> None:
    """Write `assets.extra/servable.json`; the test figures come in later, with `add_facts`."""
    body = {
        "name": run.recipe.publishes,
        "kind": kind,
        "labels": list(data.classes),
        "image": image,
        "facts": {
            "recipe": run.recipe.model_dump(mode="json"),
            "data": {"name": data.name, "fingerprint": data.fingerprint, "train": len(data.train)},
            "validation": len(data.validation),
            "libraries": _versions(),
            "revision": _revision(),
        },
    }
    (run.candidate / "assets.extra").mkdir(parents=True, exist_ok=True)
    manifest_path(run.candidate).write_text(json.dumps(body, indent=1))


def manifest_path(version_dir: Path) -> Path:
    return version_dir / "assets.extra" / "servable.json"


def manifest(version_dir: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(manifest_path(version_dir).read_text())
    return body


def add_facts(version_dir: Path, **facts: object) -> None:
    body = manifest(version_dir)
    body["facts"] |= facts
    manifest_path(version_dir).write_text(json.dumps(body, indent=1))


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except ModuleNotFoundError:
            continue
    return found


def _revision() -> str:
    """The git revision of the code, with `+` if files differ from it; empty outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, cwd=Path(__file__).parent).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
