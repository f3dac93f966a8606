"""The lines of frames and forms that touch the digit, and the ink that is left without them."""

import cv2
import numpy as np

from service.images.components import Component, label_components
from service.images.ink import Ink

_WEAK = 40  # of ink; a thin line is hardly more
_FAINT = 0.75  # of the contrast and of the thickness of the rest
_LONG = 0.75  # of a component's width or height: then it is worth looking closer
_LENGTH = 0.8  # of the width or height of what they are a part of


def has_faint_lines(part: Component, labels: np.ndarray, ink: Ink) -> bool:
    """Whether lines much fainter and thinner than the rest are a part of it: printed ones under a digit in ink."""
    inside = part.cut(labels) == part.label
    if not has_long_runs(inside, part, *labels.shape):
        return False
    amount, mask, contrast = (np.where(inside, part.cut(layer), 0).astype(np.uint8) for layer in ink)
    lines = find_lines(amount)
    rest = np.bitwise_and(mask, np.bitwise_not(cv2.dilate(lines, np.ones((3, 3), np.uint8))))
    if not lines.any() or not rest.any():
        return False
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    return all(cv2.mean(layer, lines)[0] < _FAINT * cv2.mean(layer, rest)[0] for layer in (contrast, depth))


def has_long_runs(inside: np.ndarray, part: Component, height: int, width: int) -> bool:
    """Whether rows and columns are nearly full, as lines are; either is enough for what crosses the picture."""
    across = inside.sum(1).max() > _LONG * part.width
    down = inside.sum(0).max() > _LONG * part.height
    crosses = part.width == width or part.height == height
    return bool((across and down) or ((across or down) and (crosses or part.width > 1.3 * part.height)))


def remove_lines(ink: Ink) -> Ink:
    """Without straight lines along nearly all of the ink's height or width; thicker strokes that cross them stay."""
    lines = find_lines(ink.amount)
    if not lines.any():
        return ink
    depth = cv2.distanceTransform(ink.mask, cv2.DIST_L2, 3)
    thin = depth <= np.percentile(depth[lines > 0], 75) + 0.5
    rest = np.where((lines > 0) & thin, 0, ink.mask).astype(np.uint8)
    near = cv2.dilate(rest, np.ones((3, 3), np.uint8)) > 0
    return Ink(np.where(near, ink.amount, 0).astype(np.uint8), rest, ink.contrast)


def find_lines(amount: np.ndarray) -> np.ndarray:
    """uint8 [H,W]: 255 on level lines, and on upright ones as high as those are apart."""
    weak = cv2.threshold(amount, _WEAK, 255, cv2.THRESH_BINARY)[1]
    _, (largest, *_) = label_components(weak)
    across = open_with_line(weak, (round(_LENGTH * largest.width), 1))
    _, _, _, distance = cv2.boundingRect(across)
    height = distance if distance > 0.3 * largest.height else largest.height
    return np.asarray(across | open_with_line(weak, (1, round(_LENGTH * height))))


def open_with_line(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The parts of the mask that are straight lines of at least that width or height, turned by two degrees at most."""
    width, height = size
    broad = cv2.dilate(mask, np.ones((3, 1) if height == 1 else (1, 3), np.uint8))
    line = np.ones((1, max(width, 8)) if height == 1 else (max(height, 8), 1), np.uint8)
    return np.asarray(cv2.bitwise_and(cv2.morphologyEx(broad, cv2.MORPH_OPEN, line), mask))
