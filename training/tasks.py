"""What the commands do: train a recipe into a candidate, measure it, publish it."""

from pathlib import Path

import keras

from service.images import prepare
from training import calibrate, curves, data, evaluate, export, feed, fit, fit_gan, optimise, outliers, publish
from training.measures import saved
from training.nets import classifier
from training.recipe import Recipe
from training.run import Run, opened


def load_data(recipe: Recipe, download: bool = False) -> data.Dataset:
    part = recipe.data
    return data.load(part.name, part.size, part.train_size or part.size, part.validation, download)


def train(recipe: Recipe, fresh: bool = False, download: bool = False) -> Run:
    """Train, or go on training, and leave a candidate servable with its test figures in the run's folder.

    Raises RecipeError, DataMissing, and PublishError if a generator's candidate, then made, cannot be measured yet.
    """
    dataset = load_data(recipe, download)
    run = opened(recipe, fresh)
    keras.utils.set_random_seed(recipe.seed)
    if recipe.net.kind == "gan":
        export.generator(fit_gan.train(dataset, run).average, dataset, run)
    else:
        _train_classifier(dataset, run)
        export.add_facts(run.candidate, validated=evaluate.classifier(run.candidate, dataset.validation).as_dict())
    curves.draw(run)
    export.add_facts(run.candidate, test=publish.measure(run.candidate, dataset))
    return run


def _train_classifier(dataset: data.Dataset, run: Run) -> None:
    recipe, channels, classes = run.recipe, dataset.train.shape[2], len(dataset.classes)
    keras.mixed_precision.set_global_policy(recipe.precision)
    model = classifier(recipe, channels, classes)
    model.summary()
    model.compile(
        optimizer=optimise.optimiser(recipe.optimiser, feed.steps(dataset, recipe), recipe.epochs),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    fit.fit(model, dataset, run)
    keras.mixed_precision.set_global_policy("float32")
    exact = classifier(recipe, channels, classes)  # serving is in full precision, whatever training was in
    exact.set_weights(model.get_weights())
    heat = calibrate.temperature(calibrate.logits(exact, dataset.validation), dataset.validation.labels)
    known, labels = outliers.seen(exact, dataset.train, recipe.data.size)
    held_out, _ = outliers.seen(exact, dataset.validation, recipe.data.size)
    export.classifier(exact, heat, outliers.fit(known, labels, held_out), dataset, run)


def publish_run(recipe: Recipe, even_if_worse: bool, retire: bool) -> tuple[Path, publish.Comparison]:
    """Publish the candidate of the recipe's run. Raises PublishError, RecipeError, DataMissing."""
    return publish.publish(opened(recipe, fresh=False).candidate, load_data(recipe), even_if_worse, retire)


def predict(version_dir: Path, picture: Path) -> tuple[str, float]:
    """(class name, probability) of one picture, prepared as the service prepares it. Raises InkpawError."""
    manifest = export.manifest(version_dir)
    form = manifest["image"]
    image = prepare(picture.read_bytes(), form["treatment"], form["height"], form["width"], form["channels"])
    shares = saved.outputs(version_dir, [{"images": image[None]}])["probabilities"][0]
    return manifest["labels"][shares.argmax()], float(shares.max())
