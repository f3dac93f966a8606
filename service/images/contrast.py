"""How much each pixel differs from the paper around it: polarity and light are taken out of the picture."""

import cv2
import numpy as np

_CLEAN = 0.9  # share of the variance that two levels explain: 0.64 in normal noise, 0.75 in even noise or a gradient
_LARGE = 0.25  # likewise, of what may be ink in a picture of two levels
_BLACK = 16  # grey level; no paper is darker, and below it noise would look like contrast
_EVEN = 0.1  # of the contrast
_PAPER = 0.22  # of the longer side: no stroke is as thick, and few shadows are as narrow


def find_contrast(grey: np.ndarray) -> np.ndarray:
    """uint8 [H,W]: 0 on paper, more where there is ink, darker or brighter than the paper."""
    threshold, bright = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    paper = find_even_paper(grey, bright)
    if paper is not None:
        sign = -1 if paper > threshold else 1
        return cv2.addWeighted(grey, sign, grey, 0, -sign * paper)
    dark_ink = np.maximum(grey if has_dark_ink(grey) else cv2.bitwise_not(grey), np.uint8(_BLACK))
    return cv2.bitwise_not(cv2.divide(dark_ink, spread_paper(dark_ink), scale=255))


def find_even_paper(grey: np.ndarray, bright: np.ndarray) -> int | None:
    """The paper's level if the picture has two clear levels, else None. `bright` marks those above the threshold.

    Such a picture may be cropped so close that its edge is more ink than paper; then the corners tell which is which.
    """
    share = cv2.countNonZero(bright) / bright.size
    if not 0 < share < 1:
        return None
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
    upper = cv2.mean(grey, bright)[0]
    lower = (mean - share * upper) / (1 - share)
    is_light = has_light_corners(bright, share)
    if share * (1 - share) * (upper - lower) ** 2 < _CLEAN * deviation**2:
        return find_level_of_edge(grey, upper - lower) if is_light == (share > 0.5) else None
    ink = cv2.bitwise_not(bright) if is_light else bright
    return None if has_large_area(ink) else round(upper if is_light else lower)


def find_level_of_edge(grey: np.ndarray, contrast: float) -> int | None:
    """The level of the picture's edge if it is even: no light falls off, and no shadow or table reaches it."""
    edge = np.concatenate((grey[0], grey[-1], grey[:, 0], grey[:, -1])).astype(np.int16)
    level = int(np.median(edge))
    return level if np.percentile(np.abs(edge - level), 95) < _EVEN * contrast else None


def has_large_area(mask: np.ndarray) -> bool:
    """Whether it has an area at the edge where no stroke is as thick: a shadow, or the table beside the paper."""
    if not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()):
        return False
    sample = mask[::2, ::2]
    side = max(3, round(_LARGE * max(sample.shape)))
    square = np.ones((side, side), np.uint8)
    return bool(cv2.erode(sample, square, borderType=cv2.BORDER_CONSTANT, borderValue=0).any())


def has_light_corners(bright: np.ndarray, share: float) -> bool:
    """Whether the paper is bright: it has most corners, unless little else of the picture is as the corners are."""
    corners = np.count_nonzero(bright[:: max(1, len(bright) - 1), :: max(1, bright.shape[1] - 1)])
    edge = np.concatenate((bright[0], bright[-1], bright[:, 0], bright[:, -1]))
    edge_share = np.count_nonzero(edge) / edge.size
    if corners >= 3 or (corners == 2 and edge_share > 0.5):
        return share >= 0.2 and bool(edge_share <= 0.9 or share >= 0.5)
    return share > 0.8 or bool(edge_share < 0.1 and share > 0.5)


def has_dark_ink(grey: np.ndarray) -> bool:
    """The median around each pixel is paper, lit or in shadow; ink differs from it more than anything else does."""
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA)
    details = small.astype(np.float32) - cv2.medianBlur(small, 31)
    return float((details**3).sum()) <= 0


def spread_paper(grey: np.ndarray) -> np.ndarray:
    """The paper's brightness everywhere, also where dark ink covers it; edges of shadows stay where they are.

    The sheet is continued beyond its edges as it falls off there, or the closing would see no paper darker than that.
    """
    side = max(3, round(_PAPER * max(grey.shape)) | 1)
    reach = min(side // 2, min(grey.shape) - 1)
    mirrored = np.pad(grey, reach, mode="reflect").astype(np.int16)
    sheet = np.clip(2 * np.pad(grey, reach, mode="edge").astype(np.int16) - mirrored, 1, 255).astype(np.uint8)
    sheet[reach:-reach, reach:-reach] = grey
    closed = cv2.morphologyEx(sheet, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.asarray(closed[reach:-reach, reach:-reach])
