"""The model card: what a person should know before they use a model (after Mitchell et al. 2019)."""

from typing import Any

USES = {
    "digits": (
        "Reads one handwritten digit from a picture, as the service's `digit` treatment prepares it.",
        "One digit a picture. Letters, several digits, and things that are no digit get an answer too, a wrong one.",
    ),
    "cats-dogs": (
        "Says whether a photograph shows a cat or a dog.",
        "It knows only these two and calls anything else one of them. Drawings and small animals are often wrong.",
    ),
    "digits-gan": (
        "Draws handwritten digits, of the label asked for or of any.",
        "It draws in MNIST's style, 28x28 grey, and can draw a digit that nobody would read as its label.",
    ),
}


def _figures(facts: dict[str, Any]) -> list[str]:
    test = facts.get("test")
    if not test:
        return ["Not measured."]
    if "accuracy" in test:
        return [
            f"Test set, {test['images']} images, used once: accuracy {test['accuracy']:.2%}, "
            f"expected calibration error {test['ece']:.2%}."
        ]
    return [f"Of {test['samples']} samples, {test['read_as_label']:.2%} are read as their label by {test['judge']}."]


def _confusion(labels: list[str], test: dict[str, Any]) -> list[str]:
    if "confusion" not in test:
        return []
    head = f"| true \\ said | {' | '.join(labels)} |"
    rule = "|---" * (len(labels) + 1) + "|"
    rows = [f"| {label} | {' | '.join(map(str, row))} |" for label, row in zip(labels, test["confusion"], strict=True)]
    return ["", head, rule, *rows]


def write(manifest: dict[str, Any]) -> str:
    """The card of a servable, in Markdown, from its servable.json."""
    facts, image = manifest["facts"], manifest["image"]
    recipe, data = facts["recipe"], facts["data"]
    use, limits = USES.get(manifest["name"], (recipe["about"], "Not studied."))
    lines = [
        f"# {manifest['name']}",
        "",
        use,
        "",
        f"- Pictures: {image['height']}x{image['width']}x{image['channels']}, treatment `{image['treatment']}`.",
        f"- Classes: {', '.join(manifest['labels'])}.",
        f"- Data: {data['name']}, {data['train']} training images, {facts['validation']} to choose by.",
        f"- Limits: {limits}",
        f"- Made by `python -m training train {recipe['name']}` at revision {facts['revision'] or 'unknown'}, "
        f"seed {recipe['seed']}.",
        "",
        "## Figures",
        "",
        *_figures(facts),
        *_confusion(manifest["labels"], facts.get("test") or {}),
    ]
    return "\n".join(lines) + "\n"
