"""Which ink is a digit, and not a frame, a line or a shadow around it."""

from collections.abc import Iterator

import numpy as np

from service.images.components import Component, group_digits, is_box, keep, label_components
from service.images.ink import Ink, find_darkest_ink
from service.images.lines import has_faint_lines, remove_lines

_LEAST_AREA, _LEAST_SIDE = 0.02, 0.15  # of the largest component, whatever that is


def select_digits(ink: Ink) -> list[np.ndarray]:
    """uint8 [H,W] each: the ink of one digit, the largest first."""
    for layer, close_gaps, has_lines in _iterate_layers(ink):
        labels, components = label_components(layer.mask, close_gaps)
        inner = find_inner(layer, labels, components, has_lines)
        if inner and (close_gaps or is_surrounded(inner[0], components)):
            return [keep(layer.amount, labels, group) for group in group_digits(inner)]
    rest = remove_lines(ink)
    labels, components = label_components(rest.mask)
    return [keep(rest.amount, labels, group) for group in group_digits(components)] or [ink.amount]


def _iterate_layers(ink: Ink) -> Iterator[tuple[Ink, bool, bool]]:
    """Ink in which to look for a digit, whether its strokes may have gaps, and whether a line may touch it."""
    yield ink, True, True
    yield ink, False, True  # for a frame that comes close
    yield remove_lines(ink), True, False
    darkest = find_darkest_ink(ink)
    yield darkest, True, True
    yield remove_lines(darkest), True, False


def find_inner(ink: Ink, labels: np.ndarray, components: list[Component], has_lines: bool) -> list[Component]:
    """The components that are no frame; none if the digit seems to be a part of one, by lines that touch it."""
    if not components:
        return []
    largest = components[0]
    has_box = is_box(largest, labels)
    inner = [
        part
        for part in components
        if not (part is largest and has_box) and not is_frame(part, components, *labels.shape)
    ]
    if not inner or inner[0].area < _LEAST_AREA * largest.area or inner[0].side < _LEAST_SIDE * largest.side:
        return []
    if is_surrounded(inner[0], components):
        return inner

    def is_along(part: Component) -> bool:
        return part.is_along_edge(*labels.shape)

    is_lined = (
        has_box
        or (is_along(largest) and largest.fill < 0.6)
        or (has_lines and any(_is_printed(part, inner[0]) for part in components[1:] if not is_along(part)))
        or has_faint_lines(largest, labels, ink)
    )
    return [] if is_lined else inner


def _is_printed(part: Component, main: Component) -> bool:
    return part.is_line or part.is_thin_beside(main)


def is_surrounded(part: Component, components: list[Component]) -> bool:
    return any(other.surrounds(part) for other in components if other is not part)


def is_frame(part: Component, components: list[Component], height: int, width: int) -> bool:
    """Whether it lies around the digit, or beside it along the picture's edge, or from one edge to the other."""
    crosses = part.width == width or part.height == height
    return (
        part.is_along_edge(height, width)
        or (crosses and part.fill > 0.8)
        or (part.is_line and part is not components[0])
        or any(part.surrounds(other) for other in components if other is not part)
    )
