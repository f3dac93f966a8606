"""The digit laid into the field of the net: cropped, scaled to a box of 20/28 of it, centred by mass."""

import cv2
import numpy as np

_BOX = 20 / 28
_LEAST_INK = 51
_LEAST_STROKE = 2.0


def place(ink: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 [height, width]: the ink cropped, scaled to the box and laid with its centre of mass in the middle."""
    drawn = brighten(fit_to_box(thicken(crop(ink), min(height, width) * _BOX), height, width))
    moments = cv2.moments(drawn)
    top = find_start(moments["m01"] / moments["m00"], drawn.shape[0], height)
    left = find_start(moments["m10"] / moments["m00"], drawn.shape[1], width)
    field = np.zeros((height, width), np.uint8)
    field[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return field


def crop(ink: np.ndarray) -> np.ndarray:
    left, top, width, height = cv2.boundingRect(cv2.threshold(ink, _LEAST_INK, 255, cv2.THRESH_BINARY)[1])
    return ink[top : top + height, left : left + width]


def thicken(ink: np.ndarray, box: float) -> np.ndarray:
    """The ink with thicker strokes, where scaling it to `box` pixels would make them thin, grey and broken."""
    inked = ink > 127
    outline = np.count_nonzero(inked[1:] != inked[:-1]) + np.count_nonzero(inked[:, 1:] != inked[:, :-1])
    breadth = 2.5 * np.count_nonzero(inked) / max(int(outline), 1)
    reach = round((_LEAST_STROKE * max(ink.shape) / box - breadth) / 2)
    if reach <= 0:
        return ink
    around = cv2.copyMakeBorder(ink, reach, reach, reach, reach, cv2.BORDER_CONSTANT)
    return cv2.dilate(around, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))


def fit_to_box(ink: np.ndarray, height: int, width: int) -> np.ndarray:
    """As large as the box allows, with its aspect ratio."""
    scale = min(height * _BOX / ink.shape[0], width * _BOX / ink.shape[1])
    size = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    if scale >= 1:
        return cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR)
    step = round(1 / scale)
    soft = cv2.blur(ink, (step, step), borderType=cv2.BORDER_CONSTANT)  # as MNIST's strokes are
    return cv2.resize(soft, size, interpolation=cv2.INTER_AREA)


def brighten(drawn: np.ndarray) -> np.ndarray:
    """Full strokes are white."""
    counts = np.bincount(drawn.ravel(), minlength=256)[13:].cumsum()
    peak = 13 + int(np.searchsorted(counts, 0.9 * counts[-1]))
    return cv2.convertScaleAbs(drawn, alpha=255 / peak)


def find_start(centre: float, extent: int, side: int) -> int:
    """The start of a line of that extent that puts its centre of mass in the middle of `side`, within bounds."""
    return min(max(round(side / 2 - centre), 0), side - extent)
