"""Figures of which some have a value per kind of picture."""

from typing import Any


def flatten(figures: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Every value by its figure and its kind, which is empty where a figure has one value."""
    flat: dict[tuple[str, str], float] = {}
    for name, value in figures.items():
        kinds = value if isinstance(value, dict) else {"": value}
        flat |= {(name, kind): number for kind, number in kinds.items()}
    return flat
