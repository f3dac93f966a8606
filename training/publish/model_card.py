"""The model card: what to know before using a model (after Mitchell et al. 2019)."""

from typing import Any

from service.manifest import TrainedManifest
from training.publish.kinds import flatten
from training.recipes.loading import load_recipe, recipe_names

NEAREST_FILE = "nearest.png"  # beside a generator's card: samples above the training images nearest to them

_SYNTHETIC_DIGITS = {
    "canvas": "drawn on a canvas",
    "scanned": "scanned, dark on light",
    "turned": "either, turned by up to 15 degrees",
    "uneven": "photographed in uneven light",
    "enlarged": "scikit-learn's 8x8 digits, enlarged",
}
_PHOTOS = {
    "small": "the animal covers a quarter to a half of the sides",
    "edge": "at an edge, which may cut it",
    "dark": "a fifth to a half of the light",
    "motion": "blurred by a moving camera",
    "screenshot": "on a phone's screen, with bars",
    "portrait": "a scene of 9:16",
    "panorama": "a scene of 3:1",
}


def _format_classifier(test: dict[str, Any]) -> list[str]:
    lines = [
        f"Test set, {test['images']} images, used once: accuracy {test['accuracy']:.2%}, "
        f"expected calibration error {test['ece']:.2%}."
    ]
    if test.get("outliers"):
        lines += ["", "How often `outlier_score` is higher for a stranger than for a test image (AUROC):", ""]
        lines += [f"- {source}: {auroc:.3f}" for source, auroc in test["outliers"].items()]
    if test.get("hands"):
        lines += ["", "Digits that are not MNIST's, through the service's own preparation, read right:", ""]
        lines += [f"- {_SYNTHETIC_DIGITS[kind]}: {accuracy:.1%}" for kind, accuracy in test["hands"].items()]
    if test.get("photos"):
        lines += ["", "Pictures of the test set as people take and keep them, made by program, read right:", ""]
        lines += [f"- {_PHOTOS[kind]}: {accuracy:.1%}" for kind, accuracy in test["photos"].items()]
    if falls := test.get("deletion"):
        lines += [
            "",
            f"Where `explain` points: without the hottest tenth of a picture, the probability of the answer falls "
            f"by {falls['hottest']:.3f} on average; without a random tenth, by {falls['random']:.3f}.",
        ]
    if test.get("pictures"):
        lines += ["", "The test set's digits in pictures as people draw, photograph and scan them, read right:", ""]
        lines += [f"- {kind}: {accuracy:.1%}" for kind, accuracy in test["pictures"].items()]
    return lines


def _format_generator(test: dict[str, Any]) -> list[str]:
    lines = [
        f"- GAN-test: of {test['samples']} samples, {test['read_as_label']:.2%} are read as their label by "
        f"{test['judge']}; of the label it does worst, {min(test['by_label']):.1%}.",
        f"- Frechet distance from the test images, in that classifier's features: {test['frechet']:.3f}; of as many "
        f"training images: {test['frechet_real']:.3f}.",
    ]
    if "taught" in test:
        distances = test["nearest"]
        lines += [
            f"- GAN-train: a classifier that learned from {test['lessons']} samples and nothing else reads "
            f"{test['taught']:.2%} of the real test images.",
            f"- The nearest training image is typically {distances['samples']:.1f} grey levels a pixel from a sample, "
            f"and {distances['test images']:.1f} from a test image. Samples, and under each the three nearest:",
            "",
            f"![Samples over the training images nearest to them]({NEAREST_FILE})",
        ]
    return lines


def _format_truncation(recipe: dict[str, Any]) -> list[str]:
    share = recipe.get("truncation", 1.0)
    return [f"- Draws from {share:.0%} of the noise it was trained with: less odd, less varied."] if share < 1 else []


def _format_confusion(labels: tuple[str, ...], test: dict[str, Any]) -> list[str]:
    header = f"| true \\ said | {' | '.join(labels)} |"
    rule = "|---" * (len(labels) + 1) + "|"
    rows = [f"| {label} | {' | '.join(map(str, row))} |" for label, row in zip(labels, test["confusion"], strict=True)]
    return ["", header, rule, *rows]


def _format_figures(labels: tuple[str, ...], test: dict[str, Any] | None) -> list[str]:
    if not test:
        return ["Not measured."]
    if "accuracy" not in test:
        return _format_generator(test)
    return [*_format_classifier(test), *_format_confusion(labels, test)]


_FORM_FIGURES = {
    "accuracy": "accuracy",
    "ece": "expected calibration error",
    "outliers": "AUROC of `outlier_score`",
    "hands": "read right, of the digits",
    "photos": "read right, of the pictures",
    "read_as_label": "read as their label",
    "frechet": "Frechet distance",
}
_KINDS = _SYNTHETIC_DIGITS | _PHOTOS
_CHANGES = {
    "labels": "answers that differ",
    "probability": "mean change of a probability",
    "grey_levels": "largest change of a pixel, in grey levels",
}
_QUANTISED = {"none": "in float32", "int8": "with convolutions in 8 bits and the rest in float32"}


def _format_form(litert: dict[str, Any]) -> list[str]:
    """What a CPU runs, beside the SavedModel."""
    if "missing" in litert:
        return ["", "## On a CPU", "", f"It runs in TensorFlow there, too. {litert['missing']}"]
    lines = [
        "",
        "## On a CPU",
        "",
        f"`model.tflite` is this model's LiteRT form, {_QUANTISED[litert['quantisation']]}. On the same test data:",
        "",
        "| | SavedModel | LiteRT form |",
        "|---|---|---|",
    ]
    before = flatten(litert["saved_model"])
    for (figure, kind), after in flatten(litert["form"]).items():
        title = f"{_FORM_FIGURES[figure]}, {_KINDS.get(kind, kind)}" if kind else _FORM_FIGURES[figure]
        lines.append(f"| {title} | {before[figure, kind]:.4f} | {after:.4f} |")
    lines += [f"| {_CHANGES[name]} | | {value:.4f} |" for name, value in litert["changes"].items()]
    return lines


def _list_prerequisites(recipe: dict[str, Any]) -> list[str]:
    """The recipes to train before this one, in that order."""
    required = [*filter(None, [recipe.get("init_from")]), *recipe.get("teachers", [])]
    ordered: list[str] = []
    for name in required:
        ordered += [*_list_prerequisites(load_recipe(name).model_dump()), name]
    return list(dict.fromkeys(ordered))


def _format_commands(recipe: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    libraries = ", ".join(f"{name} {version}" for name, version in facts.get("libraries", {}).items())
    return [
        *(f"    python -m training train {name}" for name in _list_prerequisites(recipe)),
        f"    python -m training train {recipe['name']}",
        f"    python -m training evaluate {recipe['name']}",
        "",
        f"`train` trains and measures (revision {facts['revision'] or 'unknown'}, seed {recipe['seed']}, "
        f"{recipe.get('epochs', '?')} epochs{f'; {libraries}' if libraries else ''}), `evaluate` measures what is "
        "published again.",
    ]


def _load_use(stored: dict[str, Any]) -> tuple[str, str]:
    """(what the model is for, its limits), from the recipe's file: stored recipes leave them out."""
    use = limits = ""
    if stored["name"] in recipe_names():
        recipe = load_recipe(stored["name"])
        use, limits = recipe.use, recipe.limits
    return use or stored["about"], limits or "Not studied."


def write_card(manifest: TrainedManifest) -> str:
    """The card of a servable, in Markdown, from its manifest and its recipe's file."""
    facts, image = manifest.facts, manifest.image
    recipe, data = facts["recipe"], facts["data"]
    use, limits = _load_use(recipe)
    lines = [
        f"# {manifest.name}",
        "",
        use,
        "",
        f"- Pictures: {image.height}x{image.width}x{image.channels}, treatment `{image.treatment}`.",
        f"- Classes: {', '.join(manifest.labels)}.",
        f"- Data: {data['name']}, {data['train']} training images, {facts['validation']} to choose by.",
        *_format_truncation(recipe),
        *([f"- Weights: those of {facts['weights_of']}, exported again."] if "weights_of" in facts else []),
        f"- Limits: {limits}",
        "",
        "## Figures",
        "",
        *_format_figures(manifest.labels, facts.get("test")),
        *(_format_form(facts["litert"]) if "litert" in facts else []),
        "",
        "## How to make it again",
        "",
        *_format_commands(recipe, facts),
    ]
    return "\n".join(lines) + "\n"
