"""Connected components of ink, and how they make up digits."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

_COARSE = 96  # pixels of the longer side: from there on, strokes may have gaps of two pixels
_MOST = 24
_COVERED = 0.85
_LEAST = 0.02  # of the largest: smaller ones are specks


class Component(NamedTuple):
    """One connected part: its label, its box, its pixels, and how many of them are at the picture's edge."""

    label: int
    left: int
    top: int
    width: int
    height: int
    area: int
    at_edge: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def side(self) -> int:
        return max(self.width, self.height)

    @property
    def fill(self) -> float:
        return self.area / (self.width * self.height)

    def is_along_edge(self, height: int, width: int) -> bool:
        """Whether it is a shadow, the table or a line beside the digit; a digit in a close crop touches all edges."""
        is_close_crop = (self.height, self.width) == (height, width)
        return self.at_edge > (height + width if is_close_crop else 0.85 * self.side)

    @property
    def is_line(self) -> bool:
        """Whether it is thin, and level or upright: a piece of a line, if there is anything else."""
        return min(self.width, self.height) <= max(4, 0.08 * self.side) and self.side > 20

    def is_thin_beside(self, other: "Component") -> bool:
        """Whether it is as long as the other, yet much thinner: a corner of a box, if the other is a digit."""
        return self.fill < 0.6 * other.fill and self.side > 0.6 * other.side

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """The part of the picture that its box shows."""
        return picture[self.top : self.bottom, self.left : self.right]

    def surrounds(self, other: "Component") -> bool:
        """Whether it is a frame around the other: no stroke of a digit has as much of the digit inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
            and other.height >= 0.25 * self.height
            and other.area >= 0.15 * self.area
            and self.fill < 0.6
        )


def label_components(mask: np.ndarray, close_gaps: bool = True) -> tuple[np.ndarray, list[Component]]:
    """uint16 [H,W] of labels, and the components that are no specks, the largest first."""
    if close_gaps and max(mask.shape) > _COARSE:
        mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, ltype=cv2.CV_16U)
    edge = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    at_edge = np.bincount(edge, minlength=len(stats))
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:_MOST] + 1
    rows = np.column_stack([order, stats[order], at_edge[order]]).tolist()
    components = [Component(*row) for row in rows]
    return labels, [part for part in components if part.area >= _LEAST * components[0].area]


def is_box(part: Component, labels: np.ndarray) -> bool:
    """Whether it is the box of a form, or a row of them, with or without ink inside: no digit is as wide or square."""
    if part.fill > 0.75 or min(part.width, part.height) < 20:
        return False
    crosses = part.width == labels.shape[1] or part.height == labels.shape[0]
    inside = part.cut(labels) == part.label
    depth = max(2, round(0.1 * min(part.width, part.height)))
    across = [np.count_nonzero(end.any(0)) > _COVERED * part.width for end in (inside[:depth], inside[-depth:])]
    down = [np.count_nonzero(end.any(1)) > _COVERED * part.height for end in (inside[:, :depth], inside[:, -depth:])]
    if all(across) or all(down):
        return bool(sum(across) + sum(down) >= 3 or crosses or part.width > 1.5 * part.height)
    return part.width > (1.3 if crosses and part.fill < 0.4 else 1.8) * part.height


def group_digits(components: Sequence[Component]) -> list[list[Component]]:
    """The components of each digit, the largest digit first, and in each the largest component first."""
    groups: list[list[Component]] = []
    for part in components:
        group = next((group for group in groups if belongs(part, group[0])), None)
        if group is not None:
            group.append(part)
        elif not groups or (part.area >= 0.125 * groups[0][0].area and part.height >= 0.4 * groups[0][0].height):
            groups.append([part])
    return groups


def belongs(part: Component, main: Component) -> bool:
    """Whether it is a stroke of the digit whose largest component is `main`, and neither a speck nor another digit."""
    across = max(part.left, main.left) - min(part.right, main.right)
    down = max(part.top, main.top) - min(part.bottom, main.bottom)
    is_beside = across > 0.08 * main.side and -down > 0.5 * part.height
    if part.is_thin_beside(main) or (is_beside and part.height > 0.6 * main.height):
        return False
    gap = max(across, down, 0) / main.side
    return gap <= 0.15 or (gap <= 0.35 and part.area >= 0.125 * main.area)


def keep(amount: np.ndarray, labels: np.ndarray, components: Sequence[Component]) -> np.ndarray:
    """The ink of these components alone."""
    kept = np.zeros_like(amount)
    for part in components:
        np.copyto(part.cut(kept), part.cut(amount), where=part.cut(labels) == part.label)
    return kept
