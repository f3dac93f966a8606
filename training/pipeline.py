"""The steps behind the commands: train a recipe into a candidate, publish it, predict with a servable."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras

from service.images import prepare
from training import data, plots
from training.errors import PublishError, RecipeError
from training.evaluation.inference import run_servable
from training.evaluation.mistakes import save_mistakes
from training.export.batch_norm import recalibrate_batch_norm
from training.export.manifest import add_facts, read_manifest
from training.export.outlier_score import extract_features, fit_outlier_score
from training.export.rounding import round_weights
from training.export.saved_model import export_classifier, export_generator
from training.export.temperature import fit_temperature, predict_logits
from training.fit.classifier import fit_classifier
from training.fit.compile import compile_model, find_init_servable
from training.fit.gan import fit_gan
from training.fit.precision import adapt_policy
from training.fit.strategy import Kind, Team, open_team
from training.fit.warm_start import interpolate
from training.model_store import find_newest_version, list_versions
from training.nets.classifier import build_classifier
from training.publish import publish
from training.publish.re_export import re_export
from training.recipes.schema import Recipe
from training.run import Run, join_run, open_run

Measure = Callable[[Path, data.Dataset], dict[str, Any]]  # (a version's folder, its data) -> figures


def load_data(recipe: Recipe, download: bool = False) -> data.Dataset:
    return data.load(recipe.data, download)


def train(
    recipe: Recipe,
    fresh: bool = False,
    download: bool = False,
    devices: Kind = "none",
    measure: Measure = publish.measure,
) -> Run:
    """Train, or resume training, and write a candidate servable with its test figures to the run's folder.

    On one CPU with the same number of threads, a recipe always gives the same weights to the last bit, also after an
    interruption. With other processors or thread counts, figures differ by rounding errors and what grows from them.

    Raises RecipeError, DataMissing, PeerLost, BadImage for a picture that cannot be read, and PublishError if a
    generator's candidate was written but cannot be measured yet.
    """
    if recipe.net.kind == "gan" and devices != "none":
        raise RecipeError(f"'{recipe.name}' trains on one device: --distribute is for classifiers.")
    with open_team(devices) as team:
        dataset = team.chief_first(lambda _: load_data(recipe, download))
        run = team.chief_first(lambda chief: open_run(recipe, fresh) if chief else join_run(recipe))
        keras.utils.set_random_seed(recipe.seed)
        if recipe.net.kind == "gan":
            generator = fit_gan(dataset, run).average
            round_weights(generator)
            export_generator(generator, dataset, run)
        else:
            _train_classifier(dataset, run, team)
        if team.chief:
            plots.draw_curves(run.load_history(), recipe.name, run.folder / "curves.png")
            add_facts(run.candidate, test=measure(run.candidate, dataset))
    return run


def _train_classifier(dataset: data.Dataset, run: Run, team: Team) -> None:
    recipe, channels, classes = run.recipe, dataset.train.shape[2], len(dataset.classes)
    keras.mixed_precision.set_global_policy(adapt_policy(recipe.precision))
    with team.scope():
        model = compile_model(recipe, dataset)
    if team.chief:
        model.summary()
    fit_classifier(model, dataset, run, team)
    keras.mixed_precision.set_global_policy("float32")
    if not team.chief:
        return
    served = build_classifier(recipe, channels, classes)  # served in float32, whatever the precision of training
    served.set_weights(model.get_weights())
    if recipe.init_weight:
        interpolate(served, find_init_servable(recipe), recipe.init_weight)
    round_weights(served)
    if recipe.ema or recipe.init_weight:
        recalibrate_batch_norm(served, dataset.train, recipe.data.size)
    logits = predict_logits(served, dataset.validation)
    save_mistakes(logits, dataset, run)
    temperature = fit_temperature(logits, dataset.validation.labels)
    train_features, labels = extract_features(served, dataset.train, recipe.data.size)
    validation_features, _ = extract_features(served, dataset.validation, recipe.data.size)
    outlier_score = fit_outlier_score(train_features, labels, validation_features)
    export_classifier(served, temperature, outlier_score, dataset, run)


def publish_run(recipe: Recipe, even_if_worse: bool, retire: bool) -> tuple[Path, publish.Comparison]:
    """Publish the candidate of the recipe's run. Raises PublishError, RecipeError, DataMissing."""
    candidate = open_run(recipe, fresh=False).candidate
    return publish.publish(candidate, load_data(recipe), even_if_worse, retire, recipe.quantisation)


def publish_again(
    recipe: Recipe, source: Path | None, even_if_worse: bool, retire: bool
) -> tuple[Path, publish.Comparison]:
    """Publish the weights of a version, by default the newest, with today's signatures.

    Raises PublishError, DataMissing.
    """
    source = source or find_newest_version(recipe.publishes)
    if source is None:
        raise PublishError(f"Nothing is published as '{recipe.publishes}' yet.")
    dataset = load_data(recipe)
    with TemporaryDirectory() as folder:
        candidate = re_export(source, dataset, Path(folder) / "candidate")
        return publish.publish(candidate, dataset, even_if_worse, retire, recipe.quantisation)


def convert(recipe: Recipe, version: int | None) -> tuple[Path, dict[str, Any]]:
    """Give a published version, by default the newest, the LiteRT form that the recipe asks for.

    Returns its folder and the form's figures. Raises PublishError, DataMissing.
    """
    versions = {int(folder.name): folder for folder in list_versions(recipe.publishes)}
    number = max(versions, default=None) if version is None else version
    if number not in versions:
        raise PublishError(f"'{recipe.publishes}' has no published version{'' if version is None else f' {version}'}.")
    figures = publish.add_form(versions[number], load_data(recipe), recipe.quantisation)
    return versions[number], figures


def predict(version_dir: Path, image_file: Path) -> tuple[str, float]:
    """(class name, probability) of one image, prepared as the service prepares it. Raises InkpawError."""
    manifest = read_manifest(version_dir)
    image = prepare(image_file.read_bytes(), manifest.image)
    probabilities = run_servable(version_dir, [{"images": image[None]}])["probabilities"][0]
    return manifest.labels[probabilities.argmax()], float(probabilities.max())
