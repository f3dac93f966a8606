"""The model card: what a person should know before they use a model (after Mitchell et al. 2019)."""

from typing import Any

from service.manifest import TrainedManifest
from training.recipes.loading import load_recipe

NEAREST = "nearest.png"  # beside a generator's card: samples over the training images nearest to them

USES = {
    "digits": (
        "Reads one handwritten digit from a picture, as the service's `digit` treatment prepares it.",
        "One digit a picture. Letters, several digits and things that are no digit get an answer too, a wrong one: "
        "`outlier_score` tells most of them. It learned from American hands of about 1990.",
    ),
    "cats-dogs": (
        "Says whether a photograph shows a cat or a dog.",
        "It knows only these two and calls anything else one of them: `outlier_score` tells much of it. Pictures are "
        "stretched to a square. Drawings, and animals that fill little of the picture, are often wrong.",
    ),
    "digits-gan": (
        "Draws handwritten digits, of the label asked for or of any.",
        "It draws in MNIST's style, 28x28 grey, and can draw a digit that nobody would read as its label. What it "
        "draws must not be passed off as somebody's writing.",
    ),
}

_HANDS = {
    "canvas": "drawn on a canvas",
    "scanned": "scanned, dark on light",
    "turned": "either, turned by up to 15 degrees",
    "uneven": "photographed in uneven light",
    "enlarged": "scikit-learn's 8x8 digits, enlarged",
}


def _classifier(test: dict[str, Any]) -> list[str]:
    lines = [
        f"Test set, {test['images']} images, used once: accuracy {test['accuracy']:.2%}, "
        f"expected calibration error {test['ece']:.2%}."
    ]
    if test.get("outliers"):
        lines += ["", "How often `outlier_score` is higher for a stranger than for a test image (AUROC):", ""]
        lines += [f"- {title}: {share:.3f}" for title, share in test["outliers"].items()]
    if test.get("hands"):
        lines += ["", "Digits that are not MNIST's, through the service's own preparation, read right:", ""]
        lines += [f"- {_HANDS[kind]}: {share:.1%}" for kind, share in test["hands"].items()]
    return lines


def _generator(test: dict[str, Any]) -> list[str]:
    lines = [
        f"- GAN-test: of {test['samples']} samples, {test['read_as_label']:.2%} are read as their label by "
        f"{test['judge']}; of the label it does worst, {min(test['by_label']):.1%}.",
        f"- Frechet distance from the test images, in that classifier's features: {test['frechet']:.3f}; of as many "
        f"training images: {test['frechet_real']:.3f}.",
    ]
    if "taught" in test:
        near = test["nearest"]
        lines += [
            f"- GAN-train: a classifier that learned from {test['lessons']} samples and nothing else reads "
            f"{test['taught']:.2%} of the real test images.",
            f"- The nearest training image is typically {near['samples']:.1f} grey levels a pixel from a sample, and "
            f"{near['test images']:.1f} from a test image. Samples, and under each the three nearest:",
            "",
            f"![Samples over the training images nearest to them]({NEAREST})",
        ]
    return lines


def _describe_truncation(recipe: dict[str, Any]) -> list[str]:
    share = recipe.get("truncation", 1.0)
    return [f"- Draws from {share:.0%} of the noise it was trained with: less odd, less varied."] if share < 1 else []


def _confusion(labels: tuple[str, ...], test: dict[str, Any]) -> list[str]:
    head = f"| true \\ said | {' | '.join(labels)} |"
    rule = "|---" * (len(labels) + 1) + "|"
    rows = [f"| {label} | {' | '.join(map(str, row))} |" for label, row in zip(labels, test["confusion"], strict=True)]
    return ["", head, rule, *rows]


def _figures(labels: tuple[str, ...], test: dict[str, Any] | None) -> list[str]:
    if not test:
        return ["Not measured."]
    return [*_classifier(test), *_confusion(labels, test)] if "accuracy" in test else _generator(test)


def _before(recipe: dict[str, Any]) -> list[str]:
    """The recipes to train first, in that order."""
    own = [*filter(None, [recipe.get("init_from")]), *recipe.get("teachers", [])]
    return list(dict.fromkeys(each for name in own for each in (*_before(load_recipe(name).model_dump()), name)))


def _again(recipe: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    libraries = ", ".join(f"{name} {version}" for name, version in facts.get("libraries", {}).items())
    return [
        *(f"    python -m training train {each}" for each in _before(recipe)),
        f"    python -m training train {recipe['name']}",
        f"    python -m training evaluate {recipe['name']}",
        "",
        f"`train` trains and measures (revision {facts['revision'] or 'unknown'}, seed {recipe['seed']}, "
        f"{recipe.get('epochs', '?')} epochs{f'; {libraries}' if libraries else ''}), `evaluate` measures what is "
        "published again.",
    ]


def write_card(manifest: TrainedManifest) -> str:
    """The card of a servable, in Markdown, from its manifest."""
    facts, image = manifest.facts, manifest.image
    recipe, data = facts["recipe"], facts["data"]
    use, limits = USES.get(manifest.name, (recipe["about"], "Not studied."))
    lines = [
        f"# {manifest.name}",
        "",
        use,
        "",
        f"- Pictures: {image.height}x{image.width}x{image.channels}, treatment `{image.treatment}`.",
        f"- Classes: {', '.join(manifest.labels)}.",
        f"- Data: {data['name']}, {data['train']} training images, {facts['validation']} to choose by.",
        *_describe_truncation(recipe),
        f"- Limits: {limits}",
        "",
        "## Figures",
        "",
        *_figures(manifest.labels, facts.get("test")),
        "",
        "## How to make it again",
        "",
        *_again(recipe, facts),
    ]
    return "\n".join(lines) + "\n"
